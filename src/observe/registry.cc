#include "observe/registry.h"

#include <algorithm>
#include <new>

#include "weir/base/assert.h"

namespace weir::observe {
namespace {

constexpr size_t kLineBytes = 64;
constexpr size_t kCellsPerLine = kLineBytes / sizeof(std::atomic<uint64_t>);
// Counters of one worker share blocks of a page, so that a request touches few cache lines.
constexpr size_t kBlockCells = 4096 / sizeof(std::atomic<uint64_t>);
constexpr size_t kDurationCells = HistogramShape::kBuckets + 1;

// The only writer of a cell is its worker, so a load and a store do; no locked instruction is
// needed.
void add_to(std::atomic<uint64_t>& cell, uint64_t count) noexcept {
  cell.store(cell.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
}

}  // namespace

LabelValues::LabelValues(std::initializer_list<std::string_view> values) noexcept
    : count_(values.size()) {
  WEIR_ASSERT(count_ <= kLabelMax);
  std::copy(values.begin(), values.end(), values_.begin());
}

LabelValues::LabelValues(const std::vector<std::string>& values) noexcept : count_(values.size()) {
  WEIR_ASSERT(count_ <= kLabelMax);
  std::copy(values.begin(), values.end(), values_.begin());
}

void Counter::add(uint16_t worker, uint64_t count) const noexcept {
  WEIR_ASSERT(worker < workers_);
  add_to(cells_[worker * stride_], count);
}

uint64_t Counter::total() const noexcept {
  uint64_t sum = 0;
  for (size_t i = 0; i < workers_; ++i) sum += cells_[i * stride_].load(std::memory_order_relaxed);
  return sum;
}

void DurationRecorder::record(uint16_t worker, Duration value) const noexcept {
  WEIR_ASSERT(worker < workers_);
  const Duration time = std::max(value, Duration::zero());
  std::atomic<uint64_t>* cells = cells_ + worker * stride_;
  add_to(cells[HistogramShape::index(time)], 1);
  add_to(cells[HistogramShape::kBuckets], static_cast<uint64_t>(time.count()));
}

Histogram DurationRecorder::merged() const noexcept {
  Histogram merged;
  for (size_t worker = 0; worker < workers_; ++worker) {
    const std::atomic<uint64_t>* cells = cells_ + worker * stride_;
    for (int i = 0; i < HistogramShape::kBuckets; ++i) {
      const uint64_t count = cells[i].load(std::memory_order_relaxed);
      if (count > 0) merged.add_bucket(i, count);
    }
    merged.add_sum_ns(
        static_cast<double>(cells[HistogramShape::kBuckets].load(std::memory_order_relaxed)));
  }
  return merged;
}

struct Registry::Series {
  std::vector<std::string> labels;
  std::atomic<uint64_t>* cells;
  size_t stride;
};

// Memory for `stride` cells of each worker, of which `used` are handed out.
struct Registry::Block {
  struct Free {
    void operator()(std::atomic<uint64_t>* cells) const noexcept {
      ::operator delete(cells, std::align_val_t{kLineBytes});
    }
  };
  std::unique_ptr<std::atomic<uint64_t>, Free> cells;
  size_t stride;
  size_t used;
};

Registry::Registry(uint16_t workers) : workers_(workers) {
  WEIR_ASSERT(workers >= 1);
}
Registry::~Registry() = default;

std::atomic<uint64_t>* Registry::allocate(size_t cells, size_t& stride) {
  auto block = std::find_if(blocks_.begin(), blocks_.end(), [cells](const Block& candidate) {
    return candidate.used + cells <= candidate.stride;
  });
  if (block == blocks_.end()) {
    const size_t room = std::max(cells, kBlockCells);
    const size_t padded = (room + kCellsPerLine - 1) / kCellsPerLine * kCellsPerLine;
    const size_t total = padded * workers_;
    void* memory =
        ::operator new(total * sizeof(std::atomic<uint64_t>), std::align_val_t{kLineBytes});
    auto* first = static_cast<std::atomic<uint64_t>*>(memory);
    std::uninitialized_value_construct_n(first, total);
    block = blocks_.insert(block, Block{{first, {}}, padded, 0});
  }
  std::atomic<uint64_t>* first = block->cells.get() + block->used;
  block->used += cells;
  stride = block->stride;
  return first;
}

Registry::Series& Registry::series(Metric metric, LabelValues labels, size_t cells) {
  WEIR_ASSERT(labels.size() == info(metric).label_count());
  const std::lock_guard lock(mutex_);
  auto& family = families_[static_cast<size_t>(metric)];
  std::vector<std::string> values(labels.begin(), labels.end());
  if (family.size() >= kSeriesMax) values.assign(labels.size(), "overflow");
  for (const auto& known : family)
    if (known->labels == values) return *known;
  auto made = std::make_unique<Series>();
  made->labels = std::move(values);
  made->cells = allocate(cells, made->stride);
  family.push_back(std::move(made));
  return *family.back();
}

Counter Registry::counter(Metric metric, LabelValues labels) {
  WEIR_ASSERT(info(metric).type == MetricType::kCounter);
  const Series& found = series(metric, labels, 1);
  return Counter(found.cells, found.stride, workers_);
}

DurationRecorder Registry::duration(Metric metric, LabelValues labels) {
  WEIR_ASSERT(info(metric).type == MetricType::kHistogram);
  const Series& found = series(metric, labels, kDurationCells);
  return DurationRecorder(found.cells, found.stride, workers_);
}

void Registry::add_source(const MetricSource& source) {
  const std::lock_guard lock(mutex_);
  sources_.push_back(&source);
}

void Registry::remove_source(const MetricSource& source) {
  const std::lock_guard lock(mutex_);
  std::erase(sources_, &source);
}

void Registry::collect_own(MetricSink& sink) const {
  for (const MetricInfo& family : all_metrics()) {
    for (const auto& one : families_[static_cast<size_t>(family.metric)]) {
      const LabelValues labels(one->labels);
      if (family.type == MetricType::kHistogram) {
        const DurationRecorder recorder(one->cells, one->stride, workers_);
        sink.histogram(family.metric, labels, recorder.merged());
      } else {
        const Counter counter(one->cells, one->stride, workers_);
        sink.value(family.metric, labels, static_cast<double>(counter.total()));
      }
    }
  }
}

void Registry::collect(MetricSink& sink) const {
  const std::lock_guard lock(mutex_);
  collect_own(sink);
  for (const MetricSource* source : sources_) source->collect(sink);
}

}  // namespace weir::observe
