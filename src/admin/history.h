// History: the last quarter of an hour of everything that the dashboard draws, second by second, in
// bounded memory, held by the server: whoever opens the page sees what came before.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "observe/registry.h"

namespace weir::admin {

/// What a series tells of its metric.
enum class Stat : uint8_t {
  kRate,   ///< of a counter, or of a histogram's count: per second
  kValue,  ///< of a gauge
  kMean,   ///< of a histogram's sum: seconds per second, the mean number in progress (Little's law)
  kP50,    ///< of a histogram, in seconds, over the last second
  kP95,
  kP99,
};

const char* to_string(Stat stat) noexcept;

/// One line of a chart.
struct HistorySeries {
  observe::Metric metric;
  Stat stat;
  std::vector<std::string> labels;  ///< in the order of the metrics' table

  const std::string& label(size_t i) const { return labels.at(i); }
};

/// Sampled once a second by whoever owns it; used from one thread. A counter gets its series when
/// it has counted something, so that families with a hundred silent reasons cost nothing.
class History {
 public:
  explicit History(const observe::Registry& registry);
  ~History();

  static constexpr Duration kInterval = std::chrono::seconds(1);
  static constexpr size_t kRowMax = 900;     ///< 15 minutes
  static constexpr size_t kSeriesMax = 512;  ///< times kRowMax floats: 1.8 MB at most
  static constexpr float kNothing = -1;      ///< no value: nothing is negative here

  struct Row {
    uint64_t number;            ///< from 1
    int64_t time_ms;            ///< since 1970
    std::vector<float> values;  ///< by series; later series have none in older rows

    float at(size_t series) const noexcept {
      return series < values.size() ? values[series] : kNothing;
    }
  };

  /// Takes a sample. `time_ms` is since 1970, `length` the time since the last one.
  void sample(int64_t time_ms, Duration length);

  const std::vector<HistorySeries>& series() const noexcept { return series_; }
  const std::deque<Row>& rows() const noexcept { return rows_; }
  uint64_t last_number() const noexcept { return number_; }
  /// Series left out because there were kSeriesMax.
  uint64_t left_out() const noexcept { return left_out_; }

  /// A row as JSON: [time_ms, value, value, ...], null for nothing.
  static void append_row(std::string& out, const Row& row);
  /// All series as JSON: [{"metric": ..., "stat": ..., label: value, ...}, ...].
  std::string render_series() const;

 private:
  class Sampler;
  struct Track;

  size_t find_or_add(const std::string& key, observe::Metric metric, Stat stat,
                     const observe::LabelValues& labels);

  const observe::Registry& registry_;
  std::vector<HistorySeries> series_;
  std::map<std::string, size_t> index_;
  std::map<std::string, std::unique_ptr<Track>> tracks_;
  std::deque<Row> rows_;
  uint64_t number_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace weir::admin
