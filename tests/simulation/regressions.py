"""Worlds that once broke a rule, kept as they were, with what each of them found."""

from rollway.testing.simulation.scenario import ANY, Deploy, Kind, Place, Say, Scenario, Trouble

ONE = Place("prod", ((50, 2.0),), 1, 1500.0)

REGRESSIONS: dict[str, Scenario] = {
    # The rollout was committed, the answer lost: nobody rang for it, and it stood still until the next start.
    "an admission whose commit was not confirmed": Scenario(
        22,
        "22",
        (ONE,),
        (
            Deploy(0.0, 0, "v1-0"),
            Trouble(4.068, Kind.CALL, "store append silent", 14.0, 1),
            Deploy(4.835, 0, "v2-0", bad=0.3),
        ),
        slowness=0.0005,
    ),
    # One NaN in the counters, and no measurement and nothing known of the traffic was ever written again.
    "counters that are no numbers": Scenario(
        142,
        "142",
        (Place("prod", ((25, 3.0),), 2, 1500.0), Place("beta", ((25, 2.0),), 2, 1500.0, "all-at-once", 0.1)),
        (
            Deploy(0.0, 0, "v1-0"),
            Deploy(0.0, 1, "v1-1"),
            Deploy(3.0, 0, "v2-0"),
            Trouble(4.0, Kind.METRICS, "nan", 1.0),
            Trouble(5.5, Kind.CRASH, "", 0.25, 30),
            Deploy(6.0, 1, "v2-1"),
        ),
    ),
    # The same at rest: what the record of stable is made of was NaN, and no release could be compared with it.
    "counters that are no numbers at rest": Scenario(
        55,
        "55",
        (Place("prod", ((25, 2.0),), 2, 1500.0, "all-at-once", 0.1),),
        (Deploy(0.0, 0, "v1-0"), Trouble(5.0, Kind.METRICS, "nan", 1.0), Deploy(7.0, 0, "v2-0")),
    ),
    # A router that forgot everything was never asked again: visitors got 503 until something else changed.
    "a router that forgets at rest": Scenario(
        55, "55", (ONE,), (Deploy(0.0, 0, "v1-0"), Trouble(5.0, Kind.FORGET)), slowness=0.02
    ),
    # The first release aborted while the router hung: the environment was let go with its rules still there.
    "rules of a release that is gone": Scenario(
        1003,
        "1003",
        (Place("prod", ((5, 3.0),), 2, 0.0, "all-at-once", 0.1),),
        (
            Deploy(0.0, 0, "v1-0"),
            Deploy(5.701, 0, "v2-0", twice=True),
            Trouble(6.91, Kind.CALL, "router reconcile hang", 14.0, 1),
            Say(9.267, 0, "abort", twice=True),
        ),
        slowness=0.02,
    ),
    # The first release became stable while the second was compiled as if it were the first.
    "a plan made of an environment that changed meanwhile": Scenario(
        960,
        "960",
        (Place("prod", ((10, 3.0),), 2, 1500.0), Place("beta", ((5, 2.0),), 1, 0.0)),
        (
            Deploy(0.0, 0, "v1-0"),
            Deploy(0.0, 1, "v1-1"),
            Deploy(1.225, 0, "v2-0", healthy=False),
            Trouble(1.491, Kind.CRASH, "", 0.25, 3, daemon=2),
            Deploy(2.357, 1, "v2-1", healthy=False),
            Trouble(4.39, Kind.CRASH_IN, "target start", 2.0, 0),
            Trouble(8.995, Kind.LIE, "dead", 8.0),
            Trouble(10.157, Kind.DIE, "new", 0.0, 1),
            Trouble(13.551, Kind.CALL, "router observe twice", 14.0, 1),
        ),
        daemons=3,
        slowness=0.02,
    ),
    # Of a rollout's stream one heard before its environment's: the proposal was called an illegal history.
    "notices in another order": Scenario(
        36,
        "36/2",
        (Place("prod", ((10, 1.0),), 3, 1500.0, most=0.1), Place("beta", ((5, 2.0),), 2, 300.0)),
        (Deploy(0.0, 0, "v1-0"), Deploy(0.0, 1, "v1-1"), Deploy(4.752, 1, "v2-1", bad=0.3)),
        daemons=2,
        slowness=0.0005,
    ),
    # A rollout was let go of while its stream was read: what had come was folded upon nothing.
    "let go of while it is read": Scenario(
        11,
        "11",
        (Place("prod", ((50, 2.0),), 3, 1500.0),),
        (
            Deploy(0.0, 0, "v1-0"),
            Deploy(5.719, 0, "v2-0", twice=True),
            Trouble(7.394, Kind.FREEZE_IN, "target start", 8.0, 0, ANY),
            Trouble(7.965, Kind.FREEZE_IN, "router reconcile", 8.0, 0, ANY),
        ),
        daemons=3,
        slowness=0.02,
    ),
    # An instance was stopped, and forgotten, twice in the log: both looks had begun before the first was recorded.
    "stopped and forgotten once": Scenario(
        237,
        "237",
        (
            Place("prod", ((10, 3.0), (25, 1.0)), 2, 1500.0, "all-at-once", 0.1),
            Place("beta", ((50, 2.0),), 1, 0.0),
        ),
        (
            Deploy(0.0, 0, "v1-0"),
            Deploy(0.0, 1, "v1-1"),
            Say(2.665, 0, "abort", twice=True),
            Deploy(5.608, 1, "v2-1", healthy=False),
        ),
        sql=True,
        slowness=0.02,
    ),
    # The shard of an environment was told by whoever wrote its row last, so that nobody found it.
    "an environment deployed through another daemon": Scenario(
        31,
        "31",
        (Place("prod", ((50, 2.0),), 2, 1500.0), Place("beta", ((50, 2.0),), 2, 1500.0)),
        (
            Deploy(0.0, 0, "v1-0"),
            Deploy(0.0, 1, "v1-1"),
            Deploy(6.0, 0, "v2-0", bad=1.0),
            Deploy(6.0, 1, "v2-1"),
        ),
        daemons=2,
    ),
    # The lease was lost while a step began: what was known of the traffic was gone in the middle of it.
    "a lease that is lost while a step begins": Scenario(
        3475,
        "3475",
        (Place("prod", ((25, 1.0), (50, 3.0)), 1, 1500.0), Place("beta", ((25, 2.0),), 2, 0.0, most=0.1)),
        (
            Deploy(0.0, 0, "v1-0"),
            Deploy(0.0, 1, "v1-1"),
            Trouble(0.842, Kind.FREEZE_IN, "router reconcile", 4.5, 0, ANY),
            Trouble(3.038, Kind.CALL, "router sever late", 14.0, 5, daemon=1),
            Deploy(5.829, 0, "v2-0", bad=0.3, twice=True),
            Deploy(6.503, 1, "v2-1"),
            Say(11.07, 0, "rollback"),
            Deploy(11.963, 1, "v3-1"),
        ),
        daemons=3,
        slowness=0.02,
    ),
    # The last group was forgotten by the log first and by the router second: who died in between left its rules there.
    "rules of an environment that is over": Scenario(
        409,
        "2",
        (Place("prod", ((5, 3.0),), 1, 0.0, "all-at-once", 0.1),),
        (
            Deploy(0.0, 0, "v1-0"),
            Say(2.0, 0, "abort"),
            Trouble(2.6, Kind.CRASH_IN, "router reconcile", 0.25, 0),
        ),
        slowness=0.0005,
    ),
    # Lowered, not recorded, and the router forgot the mark too: whoever came next gave the release its weight again.
    "a lowering that only the router knew of": Scenario(
        10,
        "1",
        (ONE,),
        (
            Deploy(0.0, 0, "v1-0"),
            Trouble(4.0, Kind.CRASH_IN, "router lower", 1.0, 1),
            Deploy(5.0, 0, "v2-0"),
            Say(7.0, 0, "abort"),
            Trouble(7.3, Kind.FORGET),
        ),
        slowness=0.002,
    ),
    # The same where the daemon lives on: it brought the router to the log, which did not know of the lowering yet.
    "a lowering that the daemon itself forgot": Scenario(
        55,
        "55/2",
        (Place("prod", ((5, 3.0), (25, 2.0)), 2, 1500.0, most=0.1),),
        (
            Deploy(6.229, 0, "v2-0", bad=1.0),
            Trouble(7.651, Kind.CALL, "router lower late", 14.0, 1),
            Trouble(8.004, Kind.CRASH, "", 0.2, 0),
            Trouble(12.511, Kind.FORGET, "", 3.0),
        ),
        slowness=0.02,
    ),
    # The router could not be asked for marks, and was given the log's weights all the same.
    "marks that could not be read": Scenario(
        445,
        "445",
        (
            Place("prod", ((5, 1.0), (10, 2.0)), 2, 4000.0),
            Place("beta", ((10, 2.0), (50, 3.0)), 3, 1500.0),
        ),
        (
            Deploy(0.0, 0, "v1-0"),
            Deploy(0.0, 1, "v1-1"),
            Trouble(2.284, Kind.CRASH, "", 2.0, 22),
            Deploy(2.644, 0, "v2-0", bad=1.0),
            Trouble(5.615, Kind.CUT, "router", 3.0),
            Trouble(5.907, Kind.CRASH_IN, "router lower", 1.0, 1),
            Say(13.396, 0, "rollback"),
        ),
        slowness=0.0005,
    ),
    # A lowering came late, of a group that was gone: its mark stayed at the router for nobody.
    "a lowering of nobody": Scenario(
        51,
        "51",
        (Place("prod", ((25, 3.0), (50, 3.0)), 2, 150.0),),
        (
            Deploy(0.0, 0, "v1-0"),
            Deploy(1.321, 0, "v2-0", bad=0.3),
            Trouble(2.34, Kind.FREEZE_IN, "router lower", 4.5, 0, ANY),
        ),
        daemons=2,
        slowness=0.0005,
    ),
    # A call that failed had been done, later; what was wanted next was what had been given before, and nobody asked again.
    "a routing whose end is not known": Scenario(
        3684,
        "3684",
        (Place("prod", ((5, 1.0),), 2, 1500.0), Place("beta", ((5, 1.0),), 2, 1500.0)),
        (
            Deploy(0.0, 0, "v1-0"),
            Trouble(3.373, Kind.CALL, "router reconcile late", 14.0, 1),
            Deploy(6.48, 0, "v2-0", healthy=False),
            Say(13.334, 0, "abort"),
        ),
        slowness=0.0005,
    ),
    # What the log was about to take back was given its weight by whoever came next, a moment before it was lowered.
    "a rollback that has begun": Scenario(
        1160,
        "1160",
        (Place("prod", ((5, 3.0),), 3, 150.0), Place("beta", ((10, 1.0), (25, 1.0)), 1, 1500.0)),
        (
            Deploy(0.0, 0, "v1-0"),
            Deploy(0.0, 1, "v1-1"),
            Trouble(2.205, Kind.CALL, "router reconcile late", 14.0, 1),
            Trouble(2.331, Kind.CRASH, "", 0.2, 0),
            Deploy(3.461, 1, "v2-1", unwatched=True),
            Deploy(5.371, 0, "v2-0", bad=0.3, twice=True),
            Trouble(13.783, Kind.CRASH_IN, "router lower", 1.0, 1),
            Say(13.793, 1, "abort"),
        ),
        slowness=0.02,
    ),
}
