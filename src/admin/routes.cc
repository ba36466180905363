#include "admin/routes.h"

#include "admin/state_json.h"
#include "observe/json.h"
#include "observe/prometheus.h"

namespace weir::admin {
namespace {

constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json";

}  // namespace

struct Routes::Route {
  std::string_view path;
  std::string_view purpose;
  Answer (Routes::*answer)() const;
};

// Everything here is read-only, so GET and HEAD are all there is: nothing can be changed by a link.
const Routes::Route Routes::kRoutes[] = {
    {"/metrics", "Prometheus text", &Routes::metrics},
    {"/healthz", "200 while the event loops turn", &Routes::health},
    {"/readyz", "200 until the process drains", &Routes::readiness},
    {"/api/state", "every limiter, queue, breaker and bulkhead, with the latest decisions",
     &Routes::state},
};

Answer Routes::answer(http::Method method, std::string_view target) const {
  const std::string_view path = target.substr(0, target.find('?'));
  for (const Route& route : kRoutes) {
    if (path != route.path) continue;
    if (method != http::Method::kGet && method != http::Method::kHead)
      return {405, kText, "this path is read with GET\n", "GET, HEAD"};
    return (this->*route.answer)();
  }
  return not_found(path);
}

Answer Routes::metrics() const {
  return {200, observe::kPrometheusContentType, observe::render_prometheus(registry_), ""};
}

Answer Routes::health() const {
  const Duration stalled = state_.stalled_for();
  if (stalled <= kStallMax) return {200, kText, "ok\n", ""};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(stalled).count();
  return {503, kText, "an event loop has not turned for " + std::to_string(seconds) + " s\n", ""};
}

// Never unready because of load: that would move the load to the siblings, and then theirs to us.
Answer Routes::readiness() const {
  if (state_.draining()) return {503, kText, "draining\n", ""};
  return {200, kText, "ready\n", ""};
}

Answer Routes::state() const {
  return {200, kJson, render_state(state_, events_, version_), ""};
}

Answer Routes::not_found(std::string_view path) const {
  observe::JsonWriter json;
  json.begin_object();
  json.member("error", "there is nothing at " + std::string(path.substr(0, 200)));
  json.key("paths");
  json.begin_object();
  for (const Route& route : kRoutes) json.member(route.path, route.purpose);
  json.end_object();
  json.end_object();
  return {404, kJson, json.text() + "\n", ""};
}

}  // namespace weir::admin
