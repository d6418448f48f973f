# A Debian package by CPack: `make package`. What is installed where, and what the package says of itself.
include(GNUInstallDirs)
set(deploy ${PROJECT_SOURCE_DIR}/deploy)
set(doc ${CMAKE_INSTALL_DATADIR}/doc/ecs-gateway)
set(generated ${CMAKE_BINARY_DIR}/package)

# What Debian wants compressed, without a time stamp: of the same content the same file.
function(compressed from name)
    execute_process(COMMAND gzip -9nc ${from} OUTPUT_FILE ${generated}/${name} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
file(MAKE_DIRECTORY ${generated})
file(READ ${deploy}/debian/changelog text)
string(REPLACE "@VERSION@" "${PROJECT_VERSION}" text "${text}")
file(WRITE ${generated}/changelog "${text}")
compressed(${generated}/changelog changelog.gz)
compressed(${PROJECT_SOURCE_DIR}/CHANGELOG.md CHANGELOG.md.gz)
compressed(${deploy}/man/ecs-gateway.8 ecs-gateway.8.gz)

install(TARGETS ecs-gateway RUNTIME DESTINATION bin)
install(FILES ${deploy}/systemd/ecs-gateway.service ${deploy}/systemd/ecs-gateway.socket DESTINATION lib/systemd/system)
install(FILES ${deploy}/debian/gateway.yaml DESTINATION /etc/ecs-gateway
        PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)  # postinst gives it to the service's group
install(FILES ${deploy}/debian/logrotate DESTINATION /etc/logrotate.d RENAME ecs-gateway)
install(FILES ${generated}/ecs-gateway.8.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/man/man8)
install(FILES ${deploy}/completion/ecs-gateway.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ecs-gateway)
install(FILES ${generated}/changelog.gz ${generated}/CHANGELOG.md.gz DESTINATION ${doc})
install(FILES ${deploy}/debian/copyright DESTINATION ${doc})
install(FILES conf/gateway.yaml conf/sidecar.yaml conf/central.yaml DESTINATION ${doc}/examples)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ecs-gateway)
set(CPACK_PACKAGE_VENDOR "The ecs-gateway authors")
set(CPACK_PACKAGE_CONTACT "The ecs-gateway authors <ecs-gateway@example.org>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates, init-system-helpers (>= 1.52)")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS logrotate)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "authenticating gateway for Huawei Cloud ECS resize calls
Tools call the gateway with a key that opens nothing else. It authenticates
the caller, decides by a policy, signs the request with the credential of the
account, sends it to the region at most once and records what came of it.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${deploy}/debian/postinst ${deploy}/debian/prerm ${deploy}/debian/postrm ${deploy}/debian/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
