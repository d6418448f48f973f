// Validates Kubernetes objects: standard input a JSON list of them, standard output a list of what is wrong with each.
//
// The API's schemas (of npm's kubernetes-models, made from the API's own OpenAPI document) say nothing of keys they do not
// know, which the API server drops without a word. So each object is watched while it is validated: a key that the
// validator never reads is one that the API does not know.
import { readFileSync } from 'node:fs';

const models = (path) => new URL(`node_modules/${path}`, import.meta.url);
const schemaOf = {
  'v1/ConfigMap': 'kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap.mjs',
  'v1/Namespace': 'kubernetes-models/_schemas/IoK8sApiCoreV1Namespace.mjs',
  'v1/Service': 'kubernetes-models/_schemas/IoK8sApiCoreV1Service.mjs',
  'v1/ServiceAccount': 'kubernetes-models/_schemas/IoK8sApiCoreV1ServiceAccount.mjs',
  'apps/v1/Deployment': 'kubernetes-models/_schemas/IoK8sApiAppsV1Deployment.mjs',
  'policy/v1/PodDisruptionBudget': 'kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget.mjs',
  'networking.k8s.io/v1/NetworkPolicy': 'kubernetes-models/_schemas/IoK8sApiNetworkingV1NetworkPolicy.mjs',
  'monitoring.coreos.com/v1/ServiceMonitor':
    '@kubernetes-models/prometheus-operator/_schemas/MonitoringCoreosComV1ServiceMonitor.js',
};

function watched(value, path, unread) {
  if (value === null || typeof value !== 'object') return value;
  if (!Array.isArray(value)) Object.keys(value).forEach((key) => unread.add(`${path}/${key}`));
  const inside = {};
  return new Proxy(value, {
    get(target, key) {
      if (typeof key === 'symbol' || !Object.hasOwn(target, key)) return target[key];
      unread.delete(`${path}/${key}`);
      return inside[key] ??= watched(target[key], `${path}/${key}`, unread);
    },
  });
}

async function problems(object) {
  const kind = `${object.apiVersion}/${object.kind}`;
  if (!schemaOf[kind]) return [`no schema is known for ${kind}`];
  const { validate } = await import(models(schemaOf[kind]));
  const unread = new Set();
  const valid = validate(watched(object, '', unread));
  // Maps of free keys are not read one by one.
  const free = /\/(labels|annotations|matchLabels|data|limits|requests|selector)\//;
  const unknown = [...unread].filter((path) => !free.test(path)).map((path) => `${path}: the API knows no such key`);
  return [...(valid ? [] : validate.errors.map((e) => `${e.instancePath}: ${e.message ?? e.keyword}`)), ...unknown];
}

const objects = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(await Promise.all(objects.map(problems))));
