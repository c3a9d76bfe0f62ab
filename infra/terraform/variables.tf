variable "name" {
  description = "What everything is called: a name for each cluster of an account."
  type        = string
  default     = "catchment"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "2 to 31 small letters, digits and hyphens, a letter first."
  }
}

variable "region" {
  description = "The region of AWS."
  type        = string
}

variable "zones" {
  description = "Its zones to stand in: three, so that one may go and two are left to agree."
  type        = list(string)
  validation {
    condition     = length(var.zones) >= 2 && length(distinct(var.zones)) == length(var.zones)
    error_message = "Two or more different zones: neither the cluster nor the database takes fewer."
  }
}

variable "network" {
  description = "The private network, a /16; network.yaml of infra/kubernetes lets pods reach databases in private networks only."
  type        = string
  default     = "10.40.0.0/16"
  validation {
    condition = (
      can(cidrhost(var.network, 0)) && endswith(var.network, "/16") &&
      can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.network))
    )
    error_message = "A /16 of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}

variable "kubernetes_version" {
  description = "Kubernetes: 1.31 or newer."
  type        = string
  default     = "1.33"
  validation {
    condition     = can(regex("^1\\.(3[1-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "1.31 or newer: the manifests use what came with it."
  }
}

variable "operators" {
  description = "Networks from which the cluster's API may be reached, like [\"203.0.113.0/24\"]."
  type        = list(string)
  validation {
    condition     = length(var.operators) > 0 && !contains(var.operators, "0.0.0.0/0")
    error_message = "One network or more, and not everybody."
  }
}

variable "nodes" {
  description = "The machines of the cluster: their type, and how many at least and at most. Those of ARM want an image for ARM."
  type        = object({ type = string, min = number, max = number })
  default     = { type = "t3.medium", min = 3, max = 6 }
  validation {
    condition     = var.nodes.min >= 2 && var.nodes.max > var.nodes.min
    error_message = "At least 2, and room for one more: a rollout starts new pods before old ones end."
  }
}

variable "database" {
  description = "The database's machine and its disk in GiB, at first and at most, and whether a second one stands by in another zone."
  type        = object({ type = string, disk = number, disk_max = number, standby = bool })
  default     = { type = "db.t4g.medium", disk = 50, disk_max = 500, standby = true }
  validation {
    condition     = var.database.disk >= 20 && var.database.disk_max > var.database.disk
    error_message = "20 GiB or more, and room to grow: a full disk stops the syncer."
  }
}

variable "database_password" {
  description = "The password of the user `catchment`: the file that `infra/kubernetes/prepare` makes. It is in no plan and no state."
  type        = string
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = length(var.database_password) >= 16
    error_message = "16 characters or more."
  }
}

variable "database_password_version" {
  description = "Raise it to set the password anew: Terraform does not know the last one."
  type        = number
  default     = 1
}
