#include "lab/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "net/listener.h"

namespace weir::lab {
namespace {

tl::unexpected<Error> system_error(const char* what) {
  return tl::unexpected(
      Error{ErrorKind::kInternal, std::string(what) + ": " + net::describe_errno(errno), {}});
}

// Between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* words, int log, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // the parent died before the line above
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);  // the parent reads its signals from a descriptor
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv("/proc/self/exe", words);
  _exit(127);
}

}  // namespace

Expected<Process> Process::start(const std::vector<std::string>& words,
                                 const std::string& log_path) {
  const net::Fd log(open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log) return system_error("cannot write a log");
  std::string name = "weir";
  std::vector<char*> pointers{name.data()};
  std::vector<std::string> copies = words;
  for (std::string& word : copies) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return system_error("cannot start a process");
  if (pid == 0) become(pointers.data(), log.get(), parent);
  return Process(pid);
}

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    kill();
    pid_ = std::exchange(other.pid_, -1);
  }
  return *this;
}

bool Process::running() {
  if (pid_ < 0) return false;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

void Process::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

Expected<std::vector<uint16_t>> free_ports(size_t count) {
  std::vector<net::Fd> held;  // all at the same time, so that no port comes twice
  std::vector<uint16_t> ports;
  for (size_t i = 0; i < count; ++i) {
    auto sockets = net::open_listeners(net::Address(), 1);
    if (!sockets) return tl::unexpected(sockets.error());
    ports.push_back(net::bound_address(sockets->front().get()).port());
    held.push_back(std::move(sockets->front()));
  }
  return ports;
}

Expected<ScratchDirectory> ScratchDirectory::make() {
  std::string path = std::filesystem::temp_directory_path() / "weir-demo-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return system_error("cannot make a directory for logs");
  return ScratchDirectory(std::move(path));
}

ScratchDirectory::ScratchDirectory(ScratchDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})), kept_(other.kept_) {}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  if (!path_.empty() && !kept_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace weir::lab
