// The same requests, to ten thousand hosts and ten paths each, through a large table and through a small one.
import { mountPath, siteHost } from '../rival.ts';
import type { Workload } from '../workload.ts';
import { cpuPerRequest } from './cpu-per-request.ts';

const HOST_COUNT = 10_000;
const MOUNT_COUNT = 10;

export const routing: Workload = {
  name: 'routing',
  title: `1 KiB GET to ${HOST_COUNT} hosts x ${MOUNT_COUNT} paths, 64 connections: one site for all, and a site for each`,
  unit: 'CPU us/request',
  goal: 'the second within 10 % of the first',
  variants: [
    { name: '1 site', setup: { sites: { hostCount: 0, mountCount: MOUNT_COUNT } } },
    { name: `${HOST_COUNT} sites`, setup: { sites: { hostCount: HOST_COUNT, mountCount: MOUNT_COUNT } } },
  ],
  measure: (owner, contestant, conditions) =>
    cpuPerRequest(owner, contestant, conditions, { path: '/', connections: 64, script: SCRIPT }),
};

/** Every request to another host, in an order in which neighbours differ; the requests are made before the start. */
const SCRIPT = `
local requests = {}
local count = 0
local last = 0
init = function(args)
  for index = 0, ${HOST_COUNT - 1} do
    local host = string.gsub("${siteHost(0)}", "0", tostring(index), 1)
    local path = string.gsub("${mountPath(0)}", "0", tostring(index % ${MOUNT_COUNT}), 1)
    requests[index] = "GET " .. path .. "page HTTP/1.1\\r\\nHost: " .. host .. "\\r\\n\\r\\n"
    count = count + 1
  end
end
request = function()
  last = (last + 7919) % count
  return requests[last]
end
`;
