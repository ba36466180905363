#include "sim/scenario.h"

#include <gtest/gtest.h>

#include "sim/report.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;

constexpr const char* kSmall = R"(version: 1
duration: 20s
services:
  leaf: {workers: 8, time: {mean: 20ms}}
  front: {workers: 8, instances: 3, time: {distribution: constant, mean: 5ms}}
routes:
  all: {entry: front, calls: {front: [leaf, leaf]}}
clients:
  web: {route: all, rate: [{at: 0s, rate: 50/s}, {at: 10s, rate: 150/s, ramp: 1s}]}
  cron: {to: leaf, users: 2, priorities: {SHEDDABLE: 75%, CRITICAL: 25%}}
)";

std::string mistakes(const std::string& text) {
  const auto scenario = parse_scenario("s.yaml", text);
  return scenario ? "" : scenario.error().message;
}

std::string with(const std::string& from, const std::string& to) {
  std::string text = kSmall;
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Scenario, BecomesASpec) {
  const auto scenario = parse_scenario("s.yaml", kSmall);
  ASSERT_TRUE(scenario) << scenario.error().message;
  const ScenarioSpec& spec = scenario->spec;
  ASSERT_EQ(spec.services.size(), 2u);
  EXPECT_EQ(spec.services[0].name, "front");  // by name, whatever the order of the file
  EXPECT_EQ(spec.services[0].instances, 3u);
  EXPECT_EQ(spec.services[0].time.mean, milliseconds(5));
  ASSERT_EQ(spec.routes.size(), 2u);
  EXPECT_EQ(spec.routes[0].calls[0], (std::vector<uint32_t>{1, 1}));
  const ClientSpec& cron = spec.clients[0];
  EXPECT_EQ(spec.routes[cron.route].entry, 1u);
  EXPECT_EQ(cron.mix, (std::vector<double>{0, 0.25, 0, 0.75}));
  const ClientSpec& web = spec.clients[1];
  ASSERT_EQ(web.rate.size(), 12u);  // the ramp is ten steps of 100 ms
  EXPECT_NEAR(web.rate[1].value, 55, 1e-9);
  EXPECT_EQ(web.rate.back().at, Instant{} + std::chrono::seconds(11));
  EXPECT_EQ(web.rate.back().value, 150);
  EXPECT_EQ(spec.measure_end, spec.end);
  EXPECT_EQ(scenario->guard.name, "elastic");
}

TEST(Scenario, TellsEveryMistakeAtItsPlaceWithWhatIsNear) {
  const std::string text = mistakes(R"(version: 1
duration: 20
services:
  leaf: {workers: 0, time: {mean: 20ms, distribution: exponentail}}
  front: {workes: 8, time: {mean: 5ms}}
routes:
  all: {entry: fornt, calls: {front: [laef]}}
clients:
  web: {route: alll, rate: 50}
)");
  for (const char* part :
       {"2:11: error: '20' is not a length of time", "4:19: error: '0' is not a whole number",
        "4:55: error: 'exponentail' is not one of constant, exponential, bimodal or lognormal; did "
        "you mean 'exponential'?",
        "5:11: error: unknown key 'workes'; did you mean 'workers'?",
        "7:16: error: there is no service 'fornt'; did you mean 'front'?",
        "7:39: error: there is no service 'laef'; did you mean 'leaf'?",
        "9:16: error: there is no route 'alll'; did you mean 'all'?",
        "9:28: error: '50' is not a rate; write a number and its unit", "8 mistakes in the file",
        "  7 |   all: {entry: fornt, calls: {front: [laef]}}\n    |                ^"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
}

TEST(Scenario, RefusesWhatCannotRun) {
  const std::pair<std::string, const char*> wrong[] = {
      {with("[leaf, leaf]", "[front]"), "a service calls itself"},
      {with("to: leaf, users: 2", "to: leaf"), "needs a 'rate', 'bursts' or 'users'"},
      {with("to: leaf,", "to: leaf, route: all,"), "either a 'route' or a service"},
      {with("CRITICAL: 25%", "CRITICAL: 20%"), "add up to 100%"},
      {with("CRITICAL: 25%", "CRITCAL: 25%"), "there is no priority 'CRITCAL'"},
      {with("at: 10s", "at: 1s, rate: 9/s, ramp: 15s}, {at: 3s"), "not in order of time"},
      {with("instances: 3", "instances: 10000"), "there are 10001 instances, at most 10000"},
      {with("workers: 8, time", "guard: {law: elastc}, time"), "there is no law 'elastc'"},
      {with("workers: 8, time", "guard: {law: fixed}, time"), "needs a 'limit'"},
      {with("workers: 8, time", "faults: [{kind: slow, from: 1s, to: 2s}], time"),
       "needs a 'factor'"},
      {with("workers: 8, time", "faults: [{kind: pause, from: 2s, to: 1s}], time"),
       "ends after it begins"},
      {"version: 1\nduration: 5s\nservices: {}\nclients: {}\n", "at least one service"},
      {"", "this is not a mapping"},
      {"version: 2\n", "'2' is not a whole number from 1 to 1"},
  };
  for (const auto& [text, part] : wrong)
    EXPECT_NE(mistakes(text).find(part), std::string::npos) << part << "\nin\n" << mistakes(text);
}

TEST(Scenario, AFileThatIsNotThereIsToldAsThat) {
  const auto scenario = load_scenario("no/such/file.yaml");
  ASSERT_FALSE(scenario);
  EXPECT_EQ(scenario.error().kind, ErrorKind::kUnavailable);
}

TEST(Report, TheSameScenarioGivesTheSameBytesAndAnotherSeedOthers) {
  auto scenario = parse_scenario("s.yaml", kSmall);
  ASSERT_TRUE(scenario);
  const Report one = simulate(*scenario);
  const Report two = simulate(*scenario);
  EXPECT_EQ(to_text(one), to_text(two));
  EXPECT_EQ(to_json(one), to_json(two));
  EXPECT_EQ(to_html(one), to_html(two));
  scenario->seed = 2;
  EXPECT_NE(to_json(simulate(*scenario)), to_json(one));
}

TEST(Report, JudgesWhatTheScenarioExpects) {
  const std::string expect = std::string(kSmall) + R"(expect:
  - {client: web, good_min: 99%, p99_max: 2s}
  - {client: web, from: 12s, good_min: 100%, refused_max: 0%, attempts_max: 1}
  - {client: cron, p99_max: 1ms}
)";
  const auto scenario = parse_scenario("s.yaml", expect);
  ASSERT_TRUE(scenario) << scenario.error().message;
  const Report report = simulate(*scenario);
  ASSERT_EQ(report.verdicts.size(), 7u);
  EXPECT_TRUE(report.verdicts[0].pass) << report.verdicts[0].found;
  EXPECT_EQ(report.verdicts[5].claim, "cron: p99 at most 1 ms");
  EXPECT_FALSE(report.verdicts[5].pass);
  EXPECT_TRUE(report.verdicts[6].pass);  // every request ends
  EXPECT_FALSE(report.pass());
}

TEST(Report, TellsWhenAFaultLeavesNoRecovery) {
  const char* text = R"(version: 1
duration: 30s
services:
  shop:
    workers: 8
    time: {mean: 20ms}
    guard: {law: none}
    faults: [{kind: pause, from: 5s, to: 10s}]
clients:
  web: {to: shop, rate: 360/s, retries: 3}
)";
  const auto scenario = parse_scenario("s.yaml", text);
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_NE(to_text(simulate(*scenario)).find("never"), std::string::npos);
}

}  // namespace
}  // namespace weir::sim
