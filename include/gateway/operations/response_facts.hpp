#pragma once
// The facts of the cloud's response that the record of a call keeps: ids of the job or order, or the error.
// Source: ECS API reference, "Response" of the resize pages; error bodies of the service ({"error":{code,message}}), of
// the API gateway in front ({"error_code","error_msg"}) and flat ones ({"code","message"}).

#include <string>
#include <string_view>

namespace gateway::operations {

struct response_facts {
    std::string job_id, order_id, code, message;  // empty where the answer does not say
};

// Reads a JSON body leniently: anything that is not understood is simply not there. `facts` keeps its memory.
void read_response(std::string_view body, response_facts& facts);

}  // namespace gateway::operations
