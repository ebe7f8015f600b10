// Reads a JSON list of objects on stdin; prints, as JSON, what the published schemas of their kinds object to.
import { text } from "node:stream/consumers";

const FILES = {
  HTTPRoute: "gateway-api/_schemas/IoK8sSigsGatewayApiApisV1HTTPRoute.js",
  ServiceMonitor:
    "prometheus-operator/_schemas/ComGithubPrometheusOperatorPrometheusOperatorPkgApisMonitoringV1ServiceMonitor.js",
  Application: "argo-cd/_schemas/ComGithubArgoprojArgoCdV3PkgApisApplicationV1alpha1Application.js",
  HelmRelease: "flux-cd/_schemas/ComGithubFluxcdHelmControllerApiV2HelmRelease.js",
  Kustomization: "flux-cd/_schemas/ComGithubFluxcdKustomizeControllerApiV1Kustomization.js",
  GitRepository: "flux-cd/_schemas/ComGithubFluxcdSourceControllerApiV1GitRepository.js",
};

const objections = [];
for (const object of JSON.parse(await text(process.stdin))) {
  const { validate } = await import(`./node_modules/@kubernetes-models/${FILES[object.kind]}`);
  validate(object);
  for (const error of validate.errors ?? []) {
    objections.push(`${object.kind}${error.instancePath}: ${error.keyword} ${JSON.stringify(error.params)}`);
  }
}
console.log(JSON.stringify(objections));
