// The stage of `weir lab demo --kafka`: a mock cluster, a service and a bridge, and who watches
// them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lab/http_client.h"
#include "lab/kafka_demo_result.h"
#include "lab/mock_kafka.h"
#include "lab/process.h"

namespace weir::lab {

/// Plays the story: produces records, makes the service slow, heals it, waits for the lag to be
/// worked off. Belongs to one loop, which must outlive it; runs until `done`. The processes die
/// with it.
class KafkaDemoStage {
 public:
  using Done = std::function<void(Expected<void>)>;

  /// Errors: kInternal.
  static Expected<std::unique_ptr<KafkaDemoStage>> open(net::EventLoop& loop,
                                                        const KafkaDemoPlan& plan,
                                                        const std::string& log_folder, Done done);

  /// The story has begun; before that there is nothing to show.
  bool playing() const { return playing_; }
  const KafkaDemoResult& result() const { return result_; }

 private:
  KafkaDemoStage(net::EventLoop& loop, const KafkaDemoPlan& plan, std::unique_ptr<MockKafka> kafka,
                 net::Address service, net::Address admin, Done done);
  Expected<void> start(const std::string& log_folder);

  void tick();
  void produce();
  bool produce_one();
  void follow_the_story();
  void look();
  void read_service(const Reply& reply);
  void read_bridge(const Reply& reply);
  void command(const std::string& path);
  void end(Expected<void> how);

  net::EventLoop& loop_;
  const KafkaDemoPlan plan_;
  const std::unique_ptr<MockKafka> kafka_;
  const net::Address service_address_;
  const net::Address admin_address_;
  Done done_;
  std::vector<Process> processes_;  // the service, the bridge
  HttpClient service_;
  HttpClient admin_;
  const std::string stats_request_;
  const std::string metrics_request_;
  std::string command_;  // lives until it is answered
  Instant opened_;
  Instant began_{};
  Instant next_look_{};
  uint64_t sent_ = 0;
  bool bridge_answered_ = false;
  bool playing_ = false;
  bool slowed_ = false;
  bool healed_ = false;
  bool producing_ = true;
  KafkaSample now_;
  KafkaDemoResult result_;
  net::Timer timer_;
};

}  // namespace weir::lab
