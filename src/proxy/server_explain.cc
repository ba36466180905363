// What the server's explanations know about the configuration, and which route leads where.
#include "proxy/server.h"

namespace weir::proxy {

void Server::make_explain_reader() {
  std::vector<const ExplainLog*> logs;
  for (const auto& worker : workers_) logs.push_back(&worker->explain_log());
  std::vector<ExplainedUpstream> upstreams;
  for (const auto& cluster : clusters_) {
    const UpstreamOptions& options = cluster->options();
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(options.queue.wait_max);
    upstreams.push_back({.name = cluster->name(),
                         .law = options.law,
                         .limit_bounds = &cluster->limit_bounds(),
                         .queue_depth_min = options.queue.depth_min,
                         .queue_depth_max = options.queue.depth_max,
                         .queue_wait_max_ms = wait.count(),
                         .connections_max = options.connections_max,
                         .attempts_max = static_cast<uint32_t>(options.retry.tries_max),
                         .config_path = options_.config_path});
  }
  explain_reader_ = std::make_unique<ExplainReader>(std::move(logs), std::move(upstreams));
}

std::vector<std::pair<std::string, std::string>> Server::routes() const {
  std::vector<std::pair<std::string, std::string>> found;
  for (size_t i = 0; i < routes_.size(); ++i)
    found.emplace_back(routes_[i].telemetry.route(), routes_[i].telemetry.upstream());
  return found;
}

}  // namespace weir::proxy
