#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later

@test "everything in domain.bats holds with the kvm engine too" {
	[[ -e /dev/kvm ]] || skip "there is no /dev/kvm on this machine"
	ENGINE=kvm bats --tap "$BATS_TEST_DIRNAME/domain.bats"
}
