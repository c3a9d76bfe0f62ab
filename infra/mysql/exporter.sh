# shellcheck shell=bash
# The user by which prometheus-mysqld-exporter asks how MySQL fares. MySQL's image reads this when it makes a new
# database; it is not executable, so that it is sourced and has the image's own functions.
docker_process_sql --database=mysql <<SQL
CREATE USER exporter IDENTIFIED BY '$(cat /run/secrets/exporter-password)' WITH MAX_USER_CONNECTIONS 3;
GRANT PROCESS, REPLICATION CLIENT ON *.* TO exporter;
SQL
