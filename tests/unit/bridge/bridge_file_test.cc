#include "bridge/bridge_file.h"

#include <gtest/gtest.h>

namespace weir::bridge {
namespace {

constexpr const char* kGood = R"(version: 1
listen: { admin: "127.0.0.1:0" }
upstreams:
  orders:
    to: ["http://10.0.0.5:9000", "http://10.0.0.6:9000"]
    concurrency: { min: 4, max: 500 }
kafka:
  - consume: { brokers: "kafka:9092", topic: orders, group: weir, ordering: partition }
    deliver: { to: orders, path: /events, in_flight: adaptive, dead_letter: orders.dead }
  - ingest: { listen: ":8090", brokers: "kafka:9092", topic: clicks }
)";

TEST(BridgeFile, ReadsBridgesAndIngests) {
  const auto file = parse_bridge_file("weir.yaml", kGood);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->bridges.size(), 1u);
  const BridgeOptions& bridge = file->bridges[0];
  EXPECT_EQ(bridge.deliver.to.size(), 2u);
  EXPECT_EQ(bridge.deliver.in_flight_max, 500u);
  EXPECT_EQ(bridge.consume.ordering, Ordering::kPartition);
  EXPECT_EQ(bridge.dead_letter_topic(), "orders.dead");
  EXPECT_EQ(bridge.tier_count(), 0) << "partition order has no retry topics";
  ASSERT_EQ(file->ingests.size(), 1u);
  EXPECT_EQ(file->ingests[0].topic, "clicks");
}

TEST(BridgeFile, PassesOverWhatOnlyTheProxyReads) {
  const std::string text = R"(version: 1
listen: { http: ":8080", admin: "127.0.0.1:0" }
upstreams:
  orders:
    to: ["http://10.0.0.5:9000"]
    concurrency: { mode: adaptive, min: 4, max: 500 }
    queue: { max_depth: 200, max_wait: 100ms }
    breaker: { open_when: { failures: 50% } }
    retry: { attempts: 2 }
bulkheads:
  reports: { upstream: orders, max: 10% }
routes:
  - { match: { path: /reports/* }, to: orders, bulkhead: reports }
kafka:
  - consume: { brokers: "kafka:9092", topic: orders, group: weir }
    deliver: { to: orders, path: /events }
)";
  const auto file = parse_bridge_file("weir.yaml", text);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->bridges.at(0).deliver.in_flight_max, 500u);
}

std::string mistakes(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  const auto file = parse_bridge_file("weir.yaml", text);
  return file ? "" : file.error().message;
}

TEST(BridgeFile, SaysWhatIsWrong) {
  const std::string good = kGood;
  const auto expect = [&](const char* from, const char* to, const char* message) {
    const std::string found = mistakes(good, from, to);
    EXPECT_NE(found.find(message), std::string::npos) << "said: " << found;
  };
  expect("group: weir", "grup: weir", "unknown key 'grup'; did you mean 'group'?");
  expect("to: orders,", "to: ordres,", "there is no upstream 'ordres'");
  expect("in_flight: adaptive", "in_flight: 0", "in_flight is 'adaptive' or a number");
  expect("min: 4, max: 500", "min: 9, max: 5", "min is above max");
  expect("path: /events", "path: events", "path must begin with '/'");
  expect("topic: clicks", "topic: clicks, client: { acks: 0 }", "'acks' is set by weir");
  expect("group: weir", "group: weir, memory: 1MiB", "memory is below 8MiB");
  expect("version: 1", "version: 2", "'2' is not a whole number from 1 to 1");
  expect("http://10.0.0.5:9000", "https://10.0.0.5", "https");
  expect("dead_letter: orders.dead", "retry: { tiers: [1s, 2s, 3s, 4s, 5s] }", "at most 4 tiers");
  EXPECT_FALSE(parse_bridge_file("weir.yaml", ""));
  EXPECT_FALSE(load_bridge_file("/does/not/exist"));
}

}  // namespace
}  // namespace weir::bridge
