#include "admin/routes.h"

#include <gtest/gtest.h>

#include "admin/state_json.h"

namespace weir::admin {
namespace {

using http::Method;

struct FakeState final : observe::StateProvider {
  std::vector<observe::ComponentState> components() const override { return list; }
  bool draining() const noexcept override { return is_draining; }
  bool dry_run() const noexcept override { return false; }
  Duration stalled_for() const noexcept override { return stalled; }

  std::vector<observe::ComponentState> list;
  bool is_draining = false;
  Duration stalled{};
};

struct RoutesTest : testing::Test {
  observe::Registry registry{1};
  FakeState state;
  observe::EventRing events;
  Routes routes{Sources{registry, state, events, "1.2.3"}};

  Answer answer(Method method, std::string_view target) {
    Request request;
    request.method = method;
    request.target = target;
    request.host = "127.0.0.1:9901";
    return routes.answer(request);
  }
};

TEST_F(RoutesTest, MetricsArePrometheusText) {
  registry.counter(observe::Metric::kReloads, {"applied"}).add(0);
  const Answer told = answer(Method::kGet, "/metrics");
  EXPECT_EQ(told.status, 200);
  EXPECT_EQ(told.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(told.body.find("weir_reload_total{result=\"applied\"} 1\n"), std::string::npos);
}

TEST_F(RoutesTest, HealthIsTheHeartbeatOfTheLoops) {
  EXPECT_EQ(answer(Method::kGet, "/healthz").status, 200);
  state.stalled = Routes::kStallMax + std::chrono::seconds(1);
  const Answer told = answer(Method::kGet, "/healthz");
  EXPECT_EQ(told.status, 503);
  EXPECT_EQ(told.body, "an event loop has not turned for 11 s\n");
}

TEST_F(RoutesTest, ReadinessFailsOnlyWhileDraining) {
  state.list.push_back({.kind = "limiter", .value = 100, .bound = 100});  // full is no reason
  state.stalled = std::chrono::hours(1);
  EXPECT_EQ(answer(Method::kGet, "/readyz").status, 200);
  state.is_draining = true;
  EXPECT_EQ(answer(Method::kGet, "/readyz").status, 503);
}

TEST_F(RoutesTest, OtherMethodsAreNotAllowedWhereThereIsSomething) {
  for (const Method method : {Method::kPost, Method::kPut, Method::kDelete, Method::kOther}) {
    const Answer told = answer(method, "/metrics");
    EXPECT_EQ(told.status, 405);
    EXPECT_EQ(told.allow, "GET, HEAD");
  }
}

TEST_F(RoutesTest, AnUnknownPathListsWhatExists) {
  const Answer told = answer(Method::kGet, "/metric?x=1");
  EXPECT_EQ(told.status, 404);
  EXPECT_EQ(told.content_type, "application/json");
  EXPECT_NE(told.body.find("there is nothing at /metric\""), std::string::npos) << told.body;
  for (const char* path : {"/metrics", "/healthz", "/readyz", "/api/state"})
    EXPECT_NE(told.body.find("\"" + std::string(path) + "\":"), std::string::npos);
}

TEST_F(RoutesTest, AQueryIsIgnored) {
  EXPECT_EQ(answer(Method::kGet, "/readyz?verbose").status, 200);
}

TEST_F(RoutesTest, StateTellsComponentsAndDecisions) {
  state.list.push_back({.kind = "limiter",
                        .upstream = "orders",
                        .value = 118,
                        .bound = 118,
                        .unit = "requests",
                        .why = "p99 rose, so the limit fell from 160",
                        .figures = {{"limit_max", 500}}});
  state.list.push_back({.kind = "breaker", .upstream = "orders", .state = "closed"});
  events.put({.kind = observe::EventKind::kLimitChange,
              .wall_ns = 1'795'515'663'042'000'000,
              .upstream = "orders",
              .before = 160,
              .after = 118,
              .cause = "shrink",
              .figures = {{{"gradient", 0.5}}}});
  EXPECT_EQ(
      answer(Method::kGet, "/api/state").body,
      R"({"version":"1.2.3","draining":false,"dry_run":false,"components":[)"
      R"({"kind":"limiter","upstream":"orders","value":118,"bound":118,"unit":"requests",)"
      R"("why":"p99 rose, so the limit fell from 160","figures":{"limit_max":500}},)"
      R"({"kind":"breaker","upstream":"orders","state":"closed","value":0,"bound":null,"unit":"",)"
      R"("why":"","figures":{}}],"events":[{"number":0,"kind":"limit_change",)"
      R"("time_ms":1795515663042,"upstream":"orders","before":160,"after":118,"cause":"shrink",)"
      R"("figures":{"gradient":0.5}}]})"
      "\n");
}

TEST_F(RoutesTest, StateShowsTheNewestDecisionsFirstAndNotAllOfThem) {
  for (int i = 0; i < 300; ++i) events.put({.after = static_cast<double>(i)});
  const std::string body = answer(Method::kGet, "/api/state").body;
  EXPECT_LT(body.find("\"number\":299,"), body.find("\"number\":298,"));
  EXPECT_NE(body.find("\"number\":200,"), std::string::npos);
  EXPECT_EQ(body.find("\"number\":199,"), std::string::npos);
}

}  // namespace
}  // namespace weir::admin
