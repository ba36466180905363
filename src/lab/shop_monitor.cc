#include "lab/shop_monitor.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace weir::lab {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr Duration kEvery = 500ms;
constexpr Duration kPatience = 400ms;

uint64_t number(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number() ? found->get<uint64_t>() : 0;
}

/// Discarded (not an exception) when the text is no JSON.
Json parse(const Reply& reply) {
  if (reply.kind != Reply::Kind::kAnswered || reply.status != 200) return Json::value_t::discarded;
  return Json::parse(reply.body, nullptr, false);
}

/// Refusals so far, over all reasons, in Prometheus text.
double refusals(const std::string& metrics) {
  constexpr std::string_view kName = "weir_rejections_total{";
  double sum = 0;
  for (size_t at = metrics.find(kName); at != std::string::npos; at = metrics.find(kName, at + 1)) {
    const size_t value = metrics.find("} ", at);
    if (value == std::string::npos) break;
    sum += std::strtod(metrics.c_str() + value + 2, nullptr);
  }
  return sum;
}

}  // namespace

struct ShopMonitor::Watch {
  Watch(net::EventLoop& loop, const Shop::Member& member, Gauge& its_gauge)
      : gauge(its_gauge),
        has_weir(member.admin.port() != 0),
        service(loop, member.service, 4),
        admin(loop, member.admin, 4),
        stats_request(get_request("/lab/stats", member.service.to_string())),
        state_request(get_request("/api/state", member.admin.to_string())),
        metrics_request(get_request("/metrics", member.admin.to_string())) {}

  Gauge& gauge;
  bool has_weir;
  HttpClient service;
  HttpClient admin;
  std::string stats_request;
  std::string state_request;
  std::string metrics_request;
  bool service_answered = false;
  bool weir_answered = false;
  double refused = 0;
  Instant refused_at{};
};

ShopMonitor::ShopMonitor(net::EventLoop& loop, const Shop& shop)
    : loop_(loop), timer_(loop.timers(), net::Callback::to<&ShopMonitor::poll>(this)) {
  gauges_.resize(shop.members().size());
  for (size_t i = 0; i < gauges_.size(); ++i) {
    gauges_[i].name = shop.members()[i].name;
    watches_.push_back(std::make_unique<Watch>(loop, shop.members()[i], gauges_[i]));
  }
  timer_.arm(loop.now());
}

ShopMonitor::~ShopMonitor() = default;

bool ShopMonitor::all_answered() const {
  return std::all_of(watches_.begin(), watches_.end(), [](const auto& watch) {
    return watch->service_answered && (watch->weir_answered || !watch->has_weir);
  });
}

void ShopMonitor::poll() {
  const Instant deadline = loop_.now() + kPatience;
  for (const auto& owned : watches_) {
    Watch& watch = *owned;
    watch.service.call(
        watch.stats_request, deadline,
        [this, &watch](const Reply& reply) { read_service(watch, reply); }, Body::kKeep);
    if (!watch.has_weir) continue;
    watch.admin.call(
        watch.state_request, deadline,
        [this, &watch](const Reply& reply) { read_weir(watch, reply); }, Body::kKeep);
  }
  timer_.arm(loop_.now() + kEvery);
}

void ShopMonitor::read_service(Watch& watch, const Reply& reply) {
  const Json json = parse(reply);
  if (!json.is_object()) return;
  watch.service_answered = true;
  watch.gauge.workers = number(json, "workers");
  watch.gauge.busy = number(json, "in_flight");
  watch.gauge.queued = number(json, "queued");
}

void ShopMonitor::read_weir(Watch& watch, const Reply& reply) {
  const Json json = parse(reply);
  if (!json.is_object() || !json.contains("components")) return;
  watch.weir_answered = true;
  for (const Json& component : json["components"]) {
    if (component.value("kind", "") == "limiter") watch.gauge.limit = number(component, "bound");
  }
  watch.admin.call(
      watch.metrics_request, loop_.now() + kPatience,
      [this, &watch](const Reply& metrics) {
        if (metrics.kind != Reply::Kind::kAnswered) return;
        const double now = refusals(metrics.body);
        const double seconds = to_seconds(loop_.now() - watch.refused_at);
        const bool first = watch.refused_at == Instant{};
        watch.gauge.refused_per_second = first ? 0 : (now - watch.refused) / seconds;
        watch.refused = now;
        watch.refused_at = loop_.now();
      },
      Body::kKeep);
}

void ShopMonitor::command(size_t index, const std::string& path) {
  commands_.push_back(std::make_unique<std::string>("POST " + path +
                                                    " HTTP/1.1\r\nhost: shop\r\n"
                                                    "content-length: 0\r\n\r\n"));
  watches_[index]->service.call(*commands_.back(), loop_.now() + kPatience, [](const Reply&) {});
}

}  // namespace weir::lab
