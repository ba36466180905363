// ExplainReader: turns what the workers remember into explanations for people.
#pragma once

#include <string>
#include <vector>

#include "observe/explanation.h"
#include "proxy/explain_log.h"
#include "proxy/limit_bounds.h"

namespace weir::proxy {

/// The bounds that the configuration sets for one upstream, for the sentences.
struct ExplainedUpstream {
  std::string name;
  std::string law = "elastic";
  const LimitBounds* limit_bounds = nullptr;  ///< those of now; an operator may move them
  uint32_t queue_depth_min = 0;
  uint32_t queue_depth_max = 0;  ///< a worker
  int64_t queue_wait_max_ms = 0;
  uint32_t connections_max = 0;  ///< a worker and endpoint
  uint32_t attempts_max = 1;
  std::string config_path{};  ///< of the file whose keys are named; empty: flags are
};

/// Any thread; the logs and what was given must outlive it.
class ExplainReader final : public observe::ExplanationSource, public observe::SpanSource {
 public:
  ExplainReader(std::vector<const ExplainLog*> logs, std::vector<ExplainedUpstream> upstreams)
      : logs_(std::move(logs)), upstreams_(std::move(upstreams)) {}

  std::optional<observe::Explanation> find(std::string_view request_id) const override;
  std::vector<observe::Explanation> after(observe::ExplainCursor& cursor, observe::ExplainKind kind,
                                          size_t count_max,
                                          size_t* skipped = nullptr) const override;
  std::vector<observe::SpanRecord> spans_after(std::vector<uint64_t>& next,
                                               uint64_t& lost) const override;

 private:
  const ExplainedUpstream& upstream_of(const ExplainRecord& record) const noexcept;

  std::vector<const ExplainLog*> logs_;
  std::vector<ExplainedUpstream> upstreams_;
};

/// One record as people read it. `upstream` is the one the record names.
observe::Explanation explain(const ExplainRecord& record, const ExplainedUpstream& upstream);

}  // namespace weir::proxy
