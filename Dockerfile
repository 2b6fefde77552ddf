# Serves models: docker run -p 127.0.0.1:8080:8080 -v "$PWD/runs/digits:/models/digits:ro" isthmus /models/digits
FROM node:22-bookworm-slim AS build
WORKDIR /isthmus
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY build.ts tsconfig.json tsconfig.build.json ./
COPY src src
COPY graphs graphs
COPY runtime runtime
# ONNX Runtime for browsers and for other systems is 350 MB that serve never opens.
RUN npm run -s build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && cd node_modules && rm -rf onnxruntime-web onnxruntime-node/bin/*/darwin onnxruntime-node/bin/*/win32

FROM node:22-bookworm-slim
# ONNX Runtime would else report to its makers what it runs on.
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1
WORKDIR /isthmus
COPY --from=build /isthmus/package.json ./
COPY --from=build /isthmus/node_modules node_modules
COPY --from=build /isthmus/dist dist
USER node
EXPOSE 8080
# The probes ask for no token.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", \
  "fetch('http://127.0.0.1:8080/v2/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node is the first process and drains at SIGTERM, for as long as docker stop waits (-t).
ENTRYPOINT ["node", "dist/runtime/cli/main.js", "serve", "--host", "0.0.0.0"]
CMD ["/models"]
