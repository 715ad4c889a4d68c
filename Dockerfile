# syntax=docker/dockerfile:1

# Cross-compiled on the builder's platform, so no emulation is needed.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
ENV GOMODCACHE=/cache/mod GOCACHE=/cache/build
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/cache/mod \
    go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/cache/mod --mount=type=cache,target=/cache/build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags="-s -w" -o /out/commitment ./cmd/commitment && mkdir /out/tmp

# Only the program, CA certificates for TLS to the database, time zones, and /tmp
# for responses larger than HTTP_RESPONSE_MEMORY_BYTES. No shell, no package
# manager, no root.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /zoneinfo.zip
COPY --from=build --chown=65532:65532 /out/tmp /tmp
COPY --from=build /out/commitment /commitment
ENV ZONEINFO=/zoneinfo.zip \
    COMMITMENT_ENV=production \
    ADDR=0.0.0.0:8080
USER 65532:65532
EXPOSE 8080
# Liveness, not readiness: a container must not restart because its database does.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/commitment", "healthcheck"]
ENTRYPOINT ["/commitment"]
CMD ["serve"]
