#pragma once
// A look at the job of an accepted change, by whoever wants its server next: a tool that has just seen its job end may
// ask for the next resize before anybody else has read that job. One look at a time for a change.

#include "call_resources.hpp"
#include "gateway/ledger/records.hpp"

namespace gateway::pipeline {

// Reads the job of `holder`, and tells the ledger. Returns when that is submitted, so that a record which is asked for
// next comes after it, or at most after timeouts.ledger; a later answer is told all the same. `credential`: of the call
// that wants the server, so for the same project. One of its own might have to wait for the first answers to calls such
// as this.
[[nodiscard]] task<> look_at_job(call_resources& resources, boost::local_shared_ptr<active_config> config,
                                 const ledger::change& holder, const credentials::credential_handle& credential);

}  // namespace gateway::pipeline
