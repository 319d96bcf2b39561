"""The scheduling engine: when each block of an interview loop takes place, and who sits in it.

Pure: frozen dataclasses in, frozen dataclasses out; no clock, no database, no chance. Importing this
package is cheap: the number library is loaded when the first plan is asked for.

    solve(problem)                 a Solution with the best plans, or an Explanation why there is none
    repair(problem)                the same with confirmed blocks: the plan that changes the fewest of them
    repair_with_swap(problem, {"ben": problem})   the same for a loop that needs another one to give way
    explain(problem)               what stands in the way, and which changes are proven to help
    plan_all({"anna": problem}, seconds=20)   a schedule of many loops that share their people
    check(problem, plan)           an independent reading of the rules; () means the plan is valid
"""

from interviews.scheduling.batch import Progress, Schedule, as_it_stands, plan_all, warm_batch
from interviews.scheduling.calendars import limits_reached, without_limits
from interviews.scheduling.checking import broken_rules, check
from interviews.scheduling.explaining import explain
from interviews.scheduling.model import (
    Block,
    Break,
    Change,
    Cost,
    Explanation,
    Fix,
    Fixed,
    Interval,
    InvalidProblem,
    Person,
    Placement,
    Plan,
    Precedence,
    Problem,
    Reason,
    Rules,
    Seat,
    Solution,
    WeeklyHours,
)
from interviews.scheduling.repairing import Swap, making_way, repair, repair_with_swap
from interviews.scheduling.solving import solve, warm

__all__ = [
    "Block",
    "Break",
    "Change",
    "Cost",
    "Explanation",
    "Fix",
    "Fixed",
    "Interval",
    "InvalidProblem",
    "Person",
    "Placement",
    "Plan",
    "Precedence",
    "Problem",
    "Progress",
    "Reason",
    "Rules",
    "Schedule",
    "Seat",
    "Solution",
    "Swap",
    "WeeklyHours",
    "as_it_stands",
    "broken_rules",
    "check",
    "explain",
    "limits_reached",
    "making_way",
    "plan_all",
    "repair",
    "repair_with_swap",
    "solve",
    "warm",
    "warm_batch",
    "without_limits",
]
