#include "sim/scenario_rows.h"

#include "sim/scenario_keys.h"

namespace weir::sim {

config::Rows scenario_rows() {
  config::Rows rows;
  scenario_table().rows("", rows);
  return rows;
}

}  // namespace weir::sim
