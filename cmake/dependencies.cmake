# The packages of Debian 12 and 13: Boost 1.81 and 1.83, OpenSSL 3.0 and 3.5, yaml-cpp 0.7 and 0.8. Boost's headers are plain includes; what Asio, Beast, JSON and URL can compile separately is
# compiled once, here, and not in every source file that includes them.
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS json url program_options)
find_package(OpenSSL 3.0 REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp)
    add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)  # 0.7 has no namespace
endif()
find_package(prometheus-cpp REQUIRED CONFIG)
find_package(SQLite3 3.37 REQUIRED)  # STRICT tables
find_package(PostgreSQL 14 REQUIRED)  # libpq alone; pipelines came with 14
find_package(Threads REQUIRED)

add_library(gateway_asio STATIC ${PROJECT_SOURCE_DIR}/src/net/separate_compilation.cpp)
target_link_libraries(gateway_asio PUBLIC gateway_build Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
target_compile_definitions(gateway_asio PUBLIC
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
    BOOST_BEAST_SEPARATE_COMPILATION
    # Memory of coroutine frames that Asio keeps for the next ones: a call nests five, dozens of calls are under way at once,
    # and it keeps two by default.
    BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=64)
target_precompile_headers(gateway_asio PRIVATE ${PROJECT_SOURCE_DIR}/src/net/asio_precompiled.hpp)
