# The cluster: Kubernetes by AWS, machines that grow with the load.

data "aws_iam_policy_document" "assumed_by" {
  for_each = toset(["eks", "ec2"])
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "cluster" {
  name               = "${var.name}-cluster"
  assume_role_policy = data.aws_iam_policy_document.assumed_by["eks"].json
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_iam_role" "nodes" {
  name               = "${var.name}-nodes"
  assume_role_policy = data.aws_iam_policy_document.assumed_by["ec2"].json
}

resource "aws_iam_role_policy_attachment" "nodes" {
  for_each   = toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"])
  role       = aws_iam_role.nodes.name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

resource "aws_kms_key" "this" {
  description             = "Secrets of the cluster ${var.name}, and its database"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_eks_cluster" "this" {
  name     = var.name
  role_arn = aws_iam_role.cluster.arn
  version  = var.kubernetes_version

  vpc_config {
    subnet_ids              = values(aws_subnet.nodes)[*].id
    endpoint_private_access = true
    endpoint_public_access  = true
    public_access_cidrs     = var.operators
  }

  # Else whoever reads the store of the cluster reads the secrets.
  encryption_config {
    resources = ["secrets"]
    provider { key_arn = aws_kms_key.this.arn }
  }

  access_config { authentication_mode = "API" }

  enabled_cluster_log_types = ["api", "audit", "authenticator"]
  depends_on                = [aws_iam_role_policy_attachment.cluster]
}

resource "aws_eks_addon" "network" {
  cluster_name = aws_eks_cluster.this.name
  addon_name   = "vpc-cni"
  # A new cluster comes with one that nobody has set up.
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  # Without this nobody heeds the network policies.
  configuration_values = jsonencode({ enableNetworkPolicy = "true" })
}

# What the autoscaler of the api goes by. It is pods, which wait for nodes.
resource "aws_eks_addon" "metrics" {
  cluster_name = aws_eks_cluster.this.name
  addon_name   = "metrics-server"
  depends_on   = [aws_eks_node_group.this]
}

resource "aws_launch_template" "nodes" {
  name = "${var.name}-nodes"
  # A pod that gets past its network policy is one hop too far from the machine's credentials.
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 30
      volume_type = "gp3"
      encrypted   = true
    }
  }
}

resource "aws_eks_node_group" "this" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = var.name
  node_role_arn   = aws_iam_role.nodes.arn
  subnet_ids      = values(aws_subnet.nodes)[*].id
  instance_types  = [var.nodes.type]
  ami_type        = can(regex("^[a-z]+[0-9]+g", var.nodes.type)) ? "AL2023_ARM_64_STANDARD" : "AL2023_x86_64_STANDARD"

  launch_template {
    id      = aws_launch_template.nodes.id
    version = aws_launch_template.nodes.latest_version
  }

  scaling_config {
    min_size     = var.nodes.min
    desired_size = var.nodes.min
    max_size     = var.nodes.max
  }
  update_config { max_unavailable = 1 }

  # An autoscaler of the nodes decides; applying this again must not undo that.
  lifecycle { ignore_changes = [scaling_config[0].desired_size] }
  depends_on = [aws_iam_role_policy_attachment.nodes, aws_eks_addon.network]
}
