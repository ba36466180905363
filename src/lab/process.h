// Child processes that never outlive the demo.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "weir/base/expected.h"

namespace weir::lab {

/// One child. The kernel kills it when the parent dies, however that happens (PDEATHSIG); the
/// destructor kills and reaps it in the ordinary case. Move-only.
class Process {
 public:
  /// Runs this very program with `words` as its arguments, output and errors into `log_path`. In a
  /// process group of its own, so that the terminal's Ctrl-C reaches the parent alone. Errors:
  /// kInternal.
  static Expected<Process> start(const std::vector<std::string>& words,
                                 const std::string& log_path);

  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process() { kill(); }

  /// Whether it still runs; reaps it if not.
  bool running();
  void kill();
  pid_t pid() const { return pid_; }

 private:
  explicit Process(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;
};

/// TCP ports of the loopback that are free now, all different.
Expected<std::vector<uint16_t>> free_ports(size_t count);

/// A directory of its own for log files, removed with its contents by the destructor unless kept.
class ScratchDirectory {
 public:
  static Expected<ScratchDirectory> make();
  ScratchDirectory(ScratchDirectory&& other) noexcept;
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();

  const std::string& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
  bool kept_ = false;
};

}  // namespace weir::lab
