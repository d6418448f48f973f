# How everything of ours is compiled: one interface target that every module links.
add_library(gateway_build INTERFACE)
target_compile_features(gateway_build INTERFACE cxx_std_20)
target_compile_options(gateway_build INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    -Wcast-qual -Wformat=2 -Wundef -Werror
    $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op -Wno-mismatched-new-delete>  # GCC 12 reports Asio's coroutine frames wrongly
    -fno-strict-aliasing -fstack-protector-strong -fno-plt)
target_compile_definitions(gateway_build INTERFACE
    $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>
    $<$<NOT:$<CONFIG:Release>>:_GLIBCXX_ASSERTIONS>)

# Release is optimised for the machine of a user, not of the builder: no -march=native. OpenSSL picks SHA instructions at run time.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION_RELEASE OFF)

# By a profile the compiler knows what a call runs through, and lays that out for it: `record` builds a program that counts,
# `use` one by the counts beside its objects: tools/profiled.sh does both. Functions that the load does not reach are
# not made small for it.
set(GATEWAY_PROFILE "" CACHE STRING "record or use a profile: tools/profiled.sh")
if(GATEWAY_PROFILE STREQUAL record)
    target_compile_options(gateway_build INTERFACE -fprofile-generate -fprofile-update=atomic)
    target_link_options(gateway_build INTERFACE -fprofile-generate)
elseif(GATEWAY_PROFILE STREQUAL use)
    target_compile_options(gateway_build INTERFACE -fprofile-use -fprofile-partial-training -Wno-missing-profile)
elseif(GATEWAY_PROFILE)
    message(FATAL_ERROR "GATEWAY_PROFILE is record, use or empty, not ${GATEWAY_PROFILE}")
endif()

# Our symbols are bound at start: the loader saves the processor's registers on the stack when it binds one at its first
# call, and what memcpy has moved last is in them, which may be a token. (And their table is read-only then.)
target_link_options(gateway_build INTERFACE -Wl,-z,relro,-z,now)

if(GATEWAY_SANITIZE)
    target_compile_options(gateway_build INTERFACE -fsanitize=${GATEWAY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
    target_link_options(gateway_build INTERFACE -fsanitize=${GATEWAY_SANITIZE})
endif()
if(GATEWAY_SANITIZE MATCHES thread)
    # ThreadSanitizer knows no fences, and GCC warns of each; Asio's stand beside locks that it does know.
    target_compile_definitions(gateway_build INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # The precompiled header needs this much sloppiness, says ccache's manual. Paths count relative to the project's folder,
    # so that a second checkout finds what the first one has compiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=true
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
