// KafkaSource: a group member's partitions as queues that are read only when wanted.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bridge/join_watch.h"
#include "bridge/offset_tracker.h"
#include "bridge/rdkafka.h"
#include "bridge/record.h"

namespace weir::bridge {

/// A partition that became ours, with what was committed for the topic and each retry topic.
/// Position{-1} where nothing was.
struct Claim {
  int32_t partition = 0;
  std::vector<Position> positions;
};

/// What to commit for one stream.
struct Commit {
  int32_t partition = 0;
  int tier = 0;
  Position position;
};

/// Hears of everything in the loop's thread.
class SourceSink {
 public:
  virtual void claimed(const std::vector<Claim>& claims) = 0;
  /// Stop work on them, then call release(). `lost`: somebody else may own them already.
  virtual void revoking(const std::vector<int32_t>& partitions, bool lost) = 0;
  virtual bool wants(int32_t partition, int tier) = 0;
  virtual void arrived(int32_t partition, std::unique_ptr<Record> record) = 0;
  /// An offset of a retry topic that belongs to another group.
  virtual void skipped(int32_t partition, int tier, int64_t offset) = 0;
  virtual void reached_end(int32_t partition, int tier) = 0;
  /// The last commit was answered; `error` is empty when it stands. `fenced`: the group goes on
  /// without us, so trying again is useless.
  virtual void committed(const std::string& error, bool fenced) = 0;
  /// Something went wrong that librdkafka goes on trying to mend.
  virtual void source_troubled(const std::string& what) = 0;
  /// It cannot go on.
  virtual void source_failed(const Error& error) = 0;

 protected:
  ~SourceSink() = default;
};

/// One consumer on one loop. Each partition has a queue of its own; not reading it is the whole of
/// backpressure: librdkafka then fetches no more of it, keeps what it has, and stays in the group
/// because the group's queue is still polled. (pause() would throw away what was fetched, 8 times
/// the traffic under pressure.) The retry topics' partitions are not subscribed to: who owns
/// partition p of the topic also reads partition p of each retry topic, so that a key and its
/// retries are always in one hand.
class KafkaSource {
 public:
  /// Errors: kConfig, kUnavailable. `partitions`: of the topic, for the division of memory.
  static Expected<std::unique_ptr<KafkaSource>> make(net::EventLoop& loop,
                                                     const BridgeOptions& options, int partitions,
                                                     SourceSink& sink);
  ~KafkaSource();

  /// Reads what is wanted; call when something became wanted.
  void pump();

  /// Whether a commit can be sent now: the last one is answered, and the group is not gathering.
  bool may_commit() const noexcept { return !committing_ && !join_watch_.joining(); }
  /// Sends a commit, if it may and there is something; committed() follows. False: nothing was
  /// sent.
  bool commit(const std::vector<Commit>& commits);

  /// Gives the partitions of the last revoking() back.
  void release();

  /// Leaves the group: revoking() follows if there are partitions, and closed() turns true.
  void close();
  bool closed() const noexcept;
  /// No wake-up reaches the loop any more. Let the loop turn once before destroying this.
  void detach() noexcept;

  /// Fetches the stream from `offset` again.
  void seek(int32_t partition, int tier, int64_t offset);
  /// Leaves the group and comes back, to get out of a state that nothing else mends.
  void rejoin();

  /// The offset after the newest record of the stream, as the last fetch told; -1 unknown.
  int64_t end_offset(int32_t partition, int tier) const;
  /// Records that came over the wire, those thrown away included. Renewed every few seconds.
  uint64_t fetched() const noexcept { return fetched_; }

 private:
  struct Stream {
    int32_t partition;
    int tier;
    KafkaQueue queue;
  };

  KafkaSource(net::EventLoop& loop, const BridgeOptions& options, SourceSink& sink);

  void poll();
  void handle(rd_kafka_event_t& event);
  void rebalance(rd_kafka_event_t& event);
  void look_up_commits(PartitionList list);
  void assign(PartitionList list);
  void trouble(rd_kafka_event_t& event);
  bool read_some(Stream& stream);
  void read(const Stream& stream, const rd_kafka_message_t& message);
  void statistics(const char* json);
  PartitionList with_tiers(const std::vector<int32_t>& partitions) const;
  int tier_of(const char* topic) const;
  bool cooperative() const;

  net::EventLoop& loop_;
  const BridgeOptions& options_;
  SourceSink& sink_;
  std::vector<std::string> topics_;  // by tier
  QueueWaker waker_;
  JoinWatch join_watch_;
  KafkaHandle handle_;
  KafkaQueue queue_;  // of the group: rebalances, commits, errors
  std::vector<Stream> streams_;
  size_t turn_ = 0;  // where the next round over streams_ begins
  std::vector<int32_t> leaving_;
  std::thread lookup_;      // rd_kafka_committed blocks
  uint32_t lookup_id_ = 0;  // of the lookup whose answer is awaited
  bool committing_ = false;
  bool closing_ = false;
  bool was_assigned_ = false;  // at least once, be it nothing
  uint64_t fetched_ = 0;
};

}  // namespace weir::bridge
