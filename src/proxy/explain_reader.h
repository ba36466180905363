// ExplainReader: turns what the workers remember into explanations for people.
#pragma once

#include <string>
#include <vector>

#include "observe/explanation.h"
#include "proxy/explain_log.h"

namespace weir::proxy {

/// The bounds that the configuration sets for one upstream, for the sentences.
struct ExplainedUpstream {
  std::string name;
  std::string law = "elastic";
  uint32_t limit_min = 1;
  uint32_t limit_max = 1;
  uint32_t queue_depth_min = 0;
  uint32_t queue_depth_max = 0;  ///< a worker
  int64_t queue_wait_max_ms = 0;
  uint32_t connections_max = 0;  ///< a worker and endpoint
  uint32_t attempts_max = 1;
  bool from_file = false;  ///< name keys of the file instead of flags
};

/// Any thread; the logs and what was given must outlive it.
class ExplainReader final : public observe::ExplanationSource {
 public:
  ExplainReader(std::vector<const ExplainLog*> logs, std::vector<ExplainedUpstream> upstreams)
      : logs_(std::move(logs)), upstreams_(std::move(upstreams)) {}

  std::optional<observe::Explanation> find(std::string_view request_id) const override;
  std::vector<observe::Explanation> after(observe::ExplainCursor& cursor,
                                          size_t count_max) const override;

 private:
  const ExplainedUpstream& upstream_of(const ExplainRecord& record) const noexcept;

  std::vector<const ExplainLog*> logs_;
  std::vector<ExplainedUpstream> upstreams_;
};

/// One record as people read it. `upstream` is the one the record names.
observe::Explanation explain(const ExplainRecord& record, const ExplainedUpstream& upstream);

}  // namespace weir::proxy
