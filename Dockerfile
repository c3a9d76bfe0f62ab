# One image with the one binary; the command says which role it has: doc/compose.md

FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src

# What others wrote is compiled by itself, around crates in which nothing is: this layer stays until a manifest or
# Cargo.lock changes.
COPY Cargo.toml Cargo.lock ./
COPY api/Cargo.toml api/
COPY bench/Cargo.toml bench/
COPY catchment/Cargo.toml catchment/
COPY entity/Cargo.toml entity/
COPY migration/Cargo.toml migration/
COPY syncer/Cargo.toml syncer/
COPY testdb/Cargo.toml testdb/
RUN for crate in api entity migration syncer testdb; do mkdir "$crate/src" && : >"$crate/src/lib.rs"; done && \
    for crate in bench catchment; do mkdir "$crate/src" && echo 'fn main() {}' >"$crate/src/main.rs"; done && \
    cargo build --release --locked --package catchment

# Younger than the empty crates, however old the files are: cargo goes by their time.
COPY api api
COPY catchment catchment
COPY entity entity
COPY migration migration
COPY syncer syncer
RUN find api catchment entity migration syncer -name '*.rs' -exec touch {} + && \
    cargo build --release --locked --package catchment

FROM debian:12.11-slim
RUN groupadd --system --gid 10001 catchment && \
    useradd --system --uid 10001 --gid catchment --home-dir /data --no-create-home --shell /usr/sbin/nologin catchment && \
    install --directory --owner=catchment --group=catchment /data /var/log/catchment
# The syncer checks the certificates of upstreams.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/catchment /usr/local/bin/catchment
COPY --chmod=0755 infra/compose/healthy /usr/local/bin/healthy
USER 10001:10001
# Where `up` puts its SQLite file, if no other database is named.
WORKDIR /data
ENV CATCHMENT__API__LISTEN=0.0.0.0:8000 CATCHMENT__SYNCER__LISTEN=0.0.0.0:8001
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["healthy"]
ENTRYPOINT ["catchment"]
CMD ["up"]
