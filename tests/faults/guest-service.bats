#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # common.bash sets and reads them
#
# The guest's health command says that its service is lost, does not end, or
# says now this, now that.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/faults/heartbeat.bash
load heartbeat.bash

setup_file() { cluster_up; }
teardown_file() { cluster_down; }

# The command fails where /bad is, hangs where /hang is, and changes its mind
# from call to call where /flap is.
health='[ ! -e /bad ] && { [ ! -e /hang ] || sleep 1000; } && { [ ! -e /flap ] || { if [ -e /odd ]; then rm /odd; false; else touch /odd; fi; }; }'
settings='health-interval = 200ms
health-timeout = 1s
health-failures = 3'

@test "health command flaps: a failure between successes is no loss of service" {
	boot_args="taiki.health=$(base64 -w0 <<<"$health") taiki.guest=$(base64 -w0 <<<"$settings")"
	guest_beats
	must "every other run fails, and nothing happens"
	inject "the health command fails every other time" in_guest 'touch /flap'
	during 6 answers_unchanged
	never_failed
	took "still undisturbed"
	in_guest 'rm /flap'
}

@test "health command fails: the guest has lost its service and is recovered" {
	again
	must "three failures in a row are a verdict"
	inject "the service is lost" in_guest 'touch /bad'
	eventually 30 reported
	took "Pacemaker was told"
	why
	recovered
	never_fenced
}

@test "health command hangs: it is killed at its timeout and counts as failed; beats go on meanwhile" {
	again
	must "a health command that does not end is a failed one"
	inject "the health command hangs" in_guest 'touch /hang'
	eventually 30 reported
	took "Pacemaker was told"
	why
	recovered
	never_fenced
}
