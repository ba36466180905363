#include "admin/routes.h"

#include "admin/assets.h"
#include "admin/explain_json.h"
#include "admin/state_json.h"
#include "observe/json.h"
#include "observe/prometheus.h"

namespace weir::admin {
namespace {

using http::Method;

constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json";
constexpr const char* kEvents = "text/event-stream";
constexpr size_t kRecentMax = 500;

Answer text(int status, std::string body) {
  return {.status = status, .content_type = kText, .body = std::move(body)};
}

Answer json_answer(int status, std::string body) {
  return {.status = status, .content_type = kJson, .body = std::move(body)};
}

/// {"error", "remedy"}: every failure of the JSON part says what to do next.
Answer problem(int status, std::string_view error, std::string_view remedy) {
  observe::JsonWriter json;
  json.begin_object();
  json.member("error", error);
  json.member("remedy", remedy);
  json.end_object();
  return json_answer(status, json.text() + "\n");
}

Answer events(std::unique_ptr<Feed> feed) {
  Answer answer;
  answer.content_type = kEvents;
  answer.feed = std::move(feed);
  return answer;
}

}  // namespace

/// Who may ask: probes and scrapers come by any name, a browser only by one of ours.
enum class Guard : uint8_t { kOpen, kHost, kChange };

struct Routes::Route {
  std::string_view path;  ///< ends with '/' when the rest is an argument
  std::string_view purpose;
  Guard guard;
  Answer (Routes::*answer)(const Request&) const;
};

// Reading takes GET and HEAD; what changes something takes POST alone, so no link can do it.
const Routes::Route Routes::kRoutes[] = {
    {"/metrics", "Prometheus text or OpenMetrics", Guard::kOpen, &Routes::metrics},
    {"/healthz", "200 while the event loops turn", Guard::kOpen, &Routes::health},
    {"/readyz", "200 until the process drains", Guard::kOpen, &Routes::readiness},
    {"/api/state", "every limiter, queue, breaker and bulkhead, with the latest decisions",
     Guard::kHost, &Routes::state},
    {"/api/status", "what is going on, in one sentence", Guard::kHost, &Routes::status},
    {"/api/stream", "15 minutes of history, then each second, as server-sent events", Guard::kHost,
     &Routes::stream},
    {"/api/explain", "the latest requests with their gates; ?rejected ?route=NAME", Guard::kHost,
     &Routes::recent},
    {"/api/explain/", "one request by its id, gate by gate", Guard::kHost, &Routes::explain},
    {"/api/tap", "requests as they are decided, as server-sent events; ?rejected ?route=NAME",
     Guard::kHost, &Routes::tap},
    {"/api/ctl/set", "POST ?upstream=NAME&name=limit_max&value=N", Guard::kChange,
     &Routes::ctl_set},
    {"/api/ctl/breaker", "POST ?upstream=NAME&state=open&for=SECONDS or &state=closed",
     Guard::kChange, &Routes::ctl_breaker},
    {"/api/ctl/drain", "POST: end the process in good order", Guard::kChange, &Routes::ctl_drain},
};

Answer Routes::answer(const Request& request) const {
  const std::string_view path = request.path();
  for (const Route& route : kRoutes) {
    const bool with_argument = route.path.ends_with('/');
    const bool is_it = with_argument
                           ? path.starts_with(route.path) && path.size() > route.path.size()
                           : path == route.path;
    if (is_it) return take(route, request);
  }
  for (const Asset& asset : dashboard_assets()) {
    if (path != asset.path) continue;
    return take({asset.path, "", Guard::kHost, &Routes::page}, request);
  }
  return not_found(path);
}

Answer Routes::take(const Route& route, const Request& request) const {
  const bool reads = request.method == Method::kGet || request.method == Method::kHead;
  const bool changes = route.guard == Guard::kChange;
  if (changes ? request.method != Method::kPost : !reads) {
    Answer refusal = text(405, changes ? "this path takes POST\n" : "this path is read with GET\n");
    refusal.allow = changes ? "POST" : "GET, HEAD";
    return refusal;
  }
  if (route.guard != Guard::kOpen && !is_own_host(request.host, access_.host_names))
    return problem(421,
                   "this address is not served by the name '" + std::string(request.host) + "'",
                   "use its IP address or localhost, or start weir with --admin-host NAME");
  if (!changes) return (this->*route.answer)(request);
  if (!request.has_ctl_header || !is_own_origin(request.origin, request.host))
    return problem(403, "changes come from weir ctl or this page only",
                   "send the header X-Weir-Ctl: 1, and no Origin of another site");
  if (access_.operate == nullptr)
    return problem(501, "this host takes no changes", "change its configuration");
  return (this->*route.answer)(request);
}

Answer Routes::page(const Request& request) const {
  for (const Asset& asset : dashboard_assets()) {
    if (request.path() != asset.path) continue;
    return {.content_type = std::string(asset.content_type), .body = std::string(asset.bytes)};
  }
  return not_found(request.path());
}

Answer Routes::metrics(const Request& request) const {
  if (request.accept.find("application/openmetrics-text") != request.accept.npos)
    return {.content_type = observe::kOpenMetricsContentType,
            .body = observe::render_open_metrics(sources_.registry, monitor_.exemplars())};
  return {.content_type = observe::kPrometheusContentType,
          .body = observe::render_prometheus(sources_.registry)};
}

Answer Routes::health(const Request&) const {
  const Duration stalled = sources_.state.stalled_for();
  if (stalled <= kStallMax) return text(200, "ok\n");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(stalled).count();
  return text(503, "an event loop has not turned for " + std::to_string(seconds) + " s\n");
}

// Never unready because of load: that would move the load to the siblings, and then theirs to us.
Answer Routes::readiness(const Request&) const {
  if (sources_.state.draining()) return text(503, "draining\n");
  return text(200, "ready\n");
}

Answer Routes::state(const Request&) const {
  return json_answer(200, render_state(sources_.state, sources_.events, sources_.version));
}

Answer Routes::status(const Request&) const {
  observe::JsonWriter json;
  json.begin_object();
  monitor_.write_overview(json);
  json.end_object();
  return json_answer(200, json.text() + "\n");
}

Answer Routes::stream(const Request& request) const {
  return events(std::make_unique<StreamFeed>(monitor_, request.last_event_id));
}

Answer Routes::explain(const Request& request) const {
  constexpr std::string_view kPrefix = "/api/explain/";
  const std::string id = percent_decoded(request.path().substr(kPrefix.size()));
  if (sources_.explanations != nullptr) {
    if (const auto told = sources_.explanations->find(id))
      return json_answer(200, render_explanation(*told) + "\n");
  }
  return problem(404, "no request '" + id + "' is remembered",
                 "the last 2,048 refusals of each worker are, and one in 64 of the others; "
                 "'weir tap' shows them as they come");
}

Answer Routes::recent(const Request& request) const {
  if (sources_.explanations == nullptr) return json_answer(200, "[]\n");
  return json_answer(
      200, render_recent(*sources_.explanations, ExplainFilter::from(request), kRecentMax));
}

Answer Routes::tap(const Request& request) const {
  if (sources_.explanations == nullptr)
    return problem(501, "this host explains nothing", "'/api/state' tells how it is");
  return events(std::make_unique<TapFeed>(*sources_.explanations, ExplainFilter::from(request)));
}

Answer Routes::ctl_set(const Request& request) const {
  return changed(request, access_.operate->set(request.query("upstream").value_or(""),
                                               request.query("name").value_or(""),
                                               request.query("value").value_or("")));
}

Answer Routes::ctl_breaker(const Request& request) const {
  const std::string upstream = request.query("upstream").value_or("");
  const std::string state = request.query("state").value_or("");
  if (state == "closed") return changed(request, access_.operate->close_breaker(upstream));
  const long seconds = std::atol(request.query("for").value_or("0").c_str());
  if (state != "open" || seconds < 1 || seconds > 86'400)
    return problem(400, "state is 'open' with for=1 to 86400 seconds, or 'closed'",
                   "as in ?upstream=orders&state=open&for=30");
  return changed(request, access_.operate->open_breaker(upstream, std::chrono::seconds(seconds)));
}

Answer Routes::ctl_drain(const Request& request) const {
  return changed(request, access_.operate->drain());
}

Answer Routes::changed(const Request& request, const Expected<observe::Change>& change) const {
  if (!change) return problem(400, change.error().message, change.error().remedy);
  if (access_.audit != nullptr)
    access_.audit->write(observe::LogLevel::kWarning, "changed_by_operator",
                         "somebody changed this process through the admin address",
                         {{"what", std::string_view(change->what)},
                          {"before", std::string_view(change->before)},
                          {"after", std::string_view(change->after)},
                          {"path", request.path()}});
  observe::JsonWriter json;
  json.begin_object();
  json.member("changed", change->what);
  json.member("before", change->before);
  json.member("after", change->after);
  json.end_object();
  return json_answer(200, json.text() + "\n");
}

Answer Routes::not_found(std::string_view path) const {
  observe::JsonWriter json;
  json.begin_object();
  json.member("error", "there is nothing at " + std::string(path.substr(0, 200)));
  json.key("paths");
  json.begin_object();
  json.member("/", "the dashboard");
  for (const Route& route : kRoutes) json.member(route.path, route.purpose);
  json.end_object();
  json.end_object();
  return json_answer(404, json.text() + "\n");
}

}  // namespace weir::admin
