# What must hold whatever else changes, and what is refused. AWS is not asked: terraform test
#
# The provider is a stand-in that makes values up; what they would be is not known, but where they go is.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made-up" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:123456789012:key/made-up" }
  }
  mock_resource "aws_db_instance" {
    defaults = { address = "catchment.made-up.eu-central-1.rds.amazonaws.com", port = 3306 }
  }
  mock_resource "aws_eks_cluster" {
    defaults = { vpc_config = { cluster_security_group_id = "sg-cluster" } }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 1 }
  }
}

variables {
  region            = "eu-central-1"
  zones             = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  operators         = ["203.0.113.0/24"]
  database_password = "only-for-this-test"
}

run "network" {
  assert {
    condition     = length(distinct(concat(values(aws_subnet.nodes)[*].cidr_block, values(aws_subnet.public)[*].cidr_block, values(aws_subnet.database)[*].cidr_block))) == 9
    error_message = "two subnets have the same addresses"
  }
  assert {
    condition     = aws_subnet.nodes["eu-central-1c"].cidr_block == "10.40.32.0/20" && aws_subnet.public["eu-central-1a"].cidr_block == "10.40.240.0/24" && aws_subnet.database["eu-central-1a"].cidr_block == "10.40.224.0/24"
    error_message = "the subnets lie elsewhere: of a cluster that exists they would be made anew"
  }
  assert {
    condition     = alltrue([for zone, table in aws_route_table.nodes : one(table.route).nat_gateway_id == aws_nat_gateway.out[zone].id])
    error_message = "nodes of one zone get out through another, and stand alone when that is gone"
  }
  assert {
    condition     = length(output.addresses) == 3
    error_message = "not every zone has an address to ask from"
  }
}

run "database" {
  assert {
    condition     = aws_db_instance.this.storage_encrypted && !aws_db_instance.this.publicly_accessible && aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot
    error_message = "the database can be read, reached or deleted too easily"
  }
  assert {
    condition     = aws_db_instance.this.multi_az && aws_db_instance.this.backup_retention_period >= 7
    error_message = "the database is not copied"
  }
  assert {
    condition     = contains([for each in aws_db_parameter_group.this.parameter : "${each.name}=${each.value}"], "require_secure_transport=1")
    error_message = "the database takes clients without TLS"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.database.referenced_security_group_id == aws_eks_cluster.this.vpc_config[0].cluster_security_group_id && aws_vpc_security_group_ingress_rule.database.cidr_ipv4 == null
    error_message = "others than the cluster reach the database"
  }
  assert {
    condition     = toset(aws_db_subnet_group.this.subnet_ids) == toset(values(aws_subnet.database)[*].id)
    error_message = "the database is not in its own part of the network"
  }
  assert {
    condition     = output.database_url == "mysql://catchment:$${file:/run/secrets/catchment/database/password}@catchment.made-up.eu-central-1.rds.amazonaws.com:3306/catchment?ssl-mode=required"
    error_message = "this is not what an overlay takes: ${output.database_url}"
  }
}

run "cluster" {
  assert {
    condition     = toset(aws_eks_cluster.this.vpc_config[0].public_access_cidrs) == toset(["203.0.113.0/24"])
    error_message = "others than the operators reach the cluster's API"
  }
  assert {
    condition     = one(aws_eks_cluster.this.encryption_config).resources == toset(["secrets"])
    error_message = "the cluster's secrets are not encrypted"
  }
  assert {
    condition     = jsondecode(aws_eks_addon.network.configuration_values).enableNetworkPolicy == "true"
    error_message = "nobody heeds the network policies"
  }
  assert {
    condition     = aws_launch_template.nodes.metadata_options[0].http_tokens == "required" && aws_launch_template.nodes.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "pods can take the machine's credentials"
  }
  assert {
    condition     = aws_eks_node_group.this.ami_type == "AL2023_x86_64_STANDARD"
    error_message = "the released image is not for these machines"
  }
}

run "other_machines" {
  variables {
    nodes    = { type = "m7g.large", min = 3, max = 9 }
    database = { type = "db.m7g.large", disk = 100, disk_max = 1000, standby = true }
  }
  assert {
    condition     = aws_eks_node_group.this.ami_type == "AL2023_ARM_64_STANDARD" && aws_db_instance.this.performance_insights_enabled
    error_message = "what depends on the machines' types does not follow them"
  }
}

run "refused" {
  command = plan
  variables {
    name               = "Catchment"
    zones              = ["eu-central-1a"]
    network            = "203.0.0.0/16"
    kubernetes_version = "1.29"
    operators          = ["0.0.0.0/0"]
    nodes              = { type = "t3.medium", min = 1, max = 1 }
    database           = { type = "db.t4g.medium", disk = 50, disk_max = 50, standby = true }
    database_password  = "short"
  }
  expect_failures = [
    var.name, var.zones, var.network, var.kubernetes_version, var.operators, var.nodes, var.database, var.database_password,
  ]
}
