# SPDX-License-Identifier: Apache-2.0
"""Figures of predictions until a run has measured them. Each is on the careful side of what rehearsals showed."""

from __future__ import annotations

# Seconds. In the comment: what rehearsals on small machines showed.
SECONDS = {
    "guard": 10.0,  # start of Ansible 0.8, guard and preflight 2, and up to 4 until a dead site is believed to be dead
    "steps": 2.0,  # four fat tasks over SSH at 0.4 and the gate at 0.1
    "promote": 2.0,  # return of pg_promote() 0.4 to 0.6, first write accepted 0.2 to 0.4 later
    "start_database": 5.0,  # start after a restore until it reads: 2.5
    "start_service": 5.0,  # a small ERP from start to first answer: 0.6 to 2
    "mount_files": 1.0,  # a tree that is already in place
    "open_repository": 5.0,  # listing and locking a repository of copies: 1 to 3
    "update_name": 1.0,  # dynamic update of a zone: 0.1 to 0.2
    "ask": 5.0,  # the observers' next question and the firm's own transaction
    "define_guest": 2.0,  # a guest laid down and asked for: 0.1 to 1.5, more where the hypervisor has slept
    "boot_guest": 30.0,  # from its start to its first answer: 14 emulated, small; large ones take longer
    "overlay": 1.0,  # an image laid over a ready one: 0.03, whatever its size
    "changed_blocks": 3.0,  # a copy of what changed: about 2 beside its data
    "push": 5.0,  # end of an interval to the copy at the other site
    # A provider says that a machine runs 20 to 40 after it was asked for; before that the engine looks at what is there
    # (10 to 30), after it the machine starts, makes its user and opens SSH (20 to 60). All are built side by side.
    "build_machines": 180.0,
    # The packages of a firm's role on a fresh machine: 30 to 90 where the mirror is near.
    "prepare": 120.0,
    "update_route53": 60.0,  # Route 53 promises that a change is at all its servers within this
    # By hand, and never rehearsed: to rent a machine and set it up, to fetch a medium from where it is kept.
    "deliver": 86400.0,
    "fetch_medium": 4 * 3600.0,
    "streaming_lag": 1.0,  # none was lost with the link up; the heartbeat that measures it beats every second
}

# Bytes a second.
RATES = {
    "restore": 50e6,  # pgBackRest 505 MB in 4 s, restic 202 MB in 1.2 s, from a fast disk; ordinary ones are slower
    # From a bucket to a machine of the same region, through restic, onto a new disk of the usual kind (gp3: 125e6): not
    # measured in AWS.
    "fetch": 30e6,
    "read_image": 150e6,  # a whole disk through restic: 500e6 from a fast one
    "merge_chain": 150e6,  # a chain of changed blocks to one image
    "line": 12.5e6,  # 100 Mbit/s, where a line that is needed is not declared
    "replay": 20e6,  # 31 segments of 16 MiB in 9 to 17 s
}

# A system whose size is not declared is counted as this many bytes.
SIZE_BYTES = 10 * 2**30
CHANGE_BYTES_PER_DAY = 2**30

# Hours of administration a year that a system takes: somebody looks after copies, and keeps in step what is there.
UPKEEP_H = {"rebuild": 2.0, "offline": 12.0, "elsewhere": 4.0, "restore": 4.0, "pilot": 4.0, "warm": 8.0, "live": 12.0}
# How often a medium is changed and taken away, how far it reaches back.
MEDIUM_S, MEDIUM_KEEP_S = 7 * 86400.0, 365 * 86400.0
# Where nobody says how long what happened lasts.
LASTS_S = 30 * 86400.0

# Hours until a copy goes bad unseen, and how much sooner two are lost that have an account or a site in common:
# parameters attributed to Baker et al., A fresh look at the reliability of long-term digital storage, EuroSys 2006.
LATENT_H = 280_000.0
TOGETHER = 0.1
