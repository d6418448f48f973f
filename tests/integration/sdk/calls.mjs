// Calls the gateway with the official SDK, as a tool does that knows nothing of the gateway but its address and a key.
// Standard input: {endpoint, accessKey, secretKey, calls: [{operation, project, …}]}. The last line of standard output,
// where the SDK logs, tells what came of each call. (package.json names uuid because the SDK's core forgot to.)
import { readFileSync } from 'node:fs';
import core from '@huaweicloud/huaweicloud-sdk-core';
import ecs from '@huaweicloud/huaweicloud-sdk-ecs/v2/public-api.js';

const { endpoint, accessKey, secretKey, calls } = JSON.parse(readFileSync(0, 'utf8'));

const operations = {
  resizeServer: (client, { server, resize, dryRun }) => {
    const body = new ecs.ResizeServerRequestBody();
    body.withResize(option(new ecs.ResizePrePaidServerOption(), resize));
    if (dryRun !== undefined) body.withDryRun(dryRun);
    return client.resizeServer(new ecs.ResizeServerRequest(server).withBody(body));
  },
  resizePostPaidServer: (client, { server, resize }) => {
    const body = new ecs.ResizePostPaidServerRequestBody();
    body.withResize(option(new ecs.ResizePostPaidServerOption(), resize));
    return client.resizePostPaidServer(new ecs.ResizePostPaidServerRequest(server).withBody(body));
  },
  showJob: (client, { job }) => client.showJob(new ecs.ShowJobRequest(job)),
  showServer: (client, { server }) => client.showServer(new ecs.ShowServerRequest(server)),
  listResizeFlavors: (client, { server }) =>
    client.listResizeFlavors(new ecs.ListResizeFlavorsRequest().withInstanceUuid(server)),
};

function option(to, { flavor, autoPay, mode }) {
  to.withFlavorRef(flavor);
  if (autoPay !== undefined) to.withExtendparam(new ecs.ResizeServerExtendParam().withIsAutoPay(String(autoPay)));
  if (mode !== undefined) to.withMode(mode);
  return to;
}

const results = [];
for (const call of calls) {
  const credential = new core.BasicCredentials().withAk(accessKey).withSk(secretKey).withProjectId(call.project);
  const builder = ecs.EcsClient.newBuilder().withCredential(credential).withEndpoint(endpoint);
  if (call.derived) {  // V11-HMAC-SHA256, whose key is derived for a region and a service
    credential.withDerivedPredicate(() => true);
    builder.withRegion({ id: call.derived.region, endpoints: [endpoint] });
    builder.withDerivedAuthServiceName(call.derived.service);
  }
  const client = builder.build();
  try {
    results.push({ answer: await operations[call.operation](client, call) });
  } catch (raised) {
    const { name, httpStatusCode, errorCode, errorMsg } = raised;
    results.push({ raised: name, status: httpStatusCode, code: errorCode, message: errorMsg });
  }
}
process.stdout.write(`\n${JSON.stringify(results)}\n`);
