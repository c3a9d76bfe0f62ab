output "cluster" {
  description = "For `aws eks update-kubeconfig --name`."
  value       = aws_eks_cluster.this.name
}

output "database_url" {
  description = "CATCHMENT__DATABASE__URL of the overlay: the password comes from its file."
  value       = "mysql://${aws_db_instance.this.username}:$${file:/run/secrets/catchment/database/password}@${aws_db_instance.this.address}:${aws_db_instance.this.port}/${aws_db_instance.this.db_name}?ssl-mode=required"
}

output "addresses" {
  description = "From where the syncer asks, for upstreams that want to know."
  value       = sort(values(aws_eip.out)[*].public_ip)
}
