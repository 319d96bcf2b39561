"""The made-up people of the demo: who works there, who applies, and what will be said of them. Data only."""

from dataclasses import dataclass, field

PASSWORD = "loopwright-demo"  # noqa: S105 - printed with the log-ins; the demo holds nobody's data

BERLIN, LISBON, NEW_YORK = "Europe/Berlin", "Europe/Lisbon", "America/New_York"


@dataclass(frozen=True)
class Colleague:
    """Somebody at the made-up company. `blocks` are those they interview in, `learns` those they shadow."""

    name: str
    title: str
    zone: str
    roles: tuple[str, ...] = ("interviewer",)
    blocks: tuple[str, ...] = ()
    learns: tuple[str, ...] = ()
    limits: tuple[int, int, int] = (15, 2, 5)  # buffer minutes, interviews a day, a week
    hours: tuple[int, int] = (9, 18)

    @property
    def email(self) -> str:
        return f"{self.name.split()[0].lower()}@example.com"


CODING, DESIGN, DIVE, PARTNER = "platform_coding", "ml_system_design", "project_deep_dive", "partnership"

STAFF = (
    Colleague("Adela Adminova", "Systems", BERLIN, roles=("admin",)),
    Colleague("Rufus Recruiterson", "Recruiting", BERLIN, roles=("recruiter",)),
    Colleague("Cora Coordinata", "Recruiting coordination", LISBON, roles=("coordinator",)),
    Colleague("Audrey Auditworth", "Internal audit", NEW_YORK, roles=("auditor",)),
)
INTERVIEWERS = (
    Colleague(
        "Hilda Hiringsen",
        "Head of ML platform",
        BERLIN,
        ("hiring_manager", "interviewer"),
        (PARTNER,),
        (),
        (15, 3, 8),
    ),
    Colleague("Ines Interviewska", "Staff engineer, platform", BERLIN, blocks=(CODING, DESIGN, DIVE)),
    Colleague("Bruno Blockwell", "Senior engineer, platform", BERLIN, blocks=(CODING,), learns=(DESIGN,)),
    Colleague("Carla Cachewitz", "Senior engineer, serving", BERLIN, blocks=(CODING, DESIGN)),
    Colleague("Dario Deepdive", "Principal engineer", BERLIN, blocks=(DIVE,), limits=(30, 1, 3)),
    Colleague("Elif Edgecase", "Site reliability lead", BERLIN, blocks=(DIVE, CODING)),
    Colleague("Fabio Featurestore", "ML engineer", LISBON, blocks=(PARTNER, DESIGN)),
    Colleague("Greta Gradient", "Senior ML engineer", LISBON, blocks=(PARTNER,), hours=(8, 17)),
    Colleague("Hugo Helmchart", "Platform engineer", LISBON, blocks=(CODING,), learns=(DIVE,)),
    Colleague("Ida Ingress", "Staff engineer, reliability", LISBON, blocks=(DIVE,)),
    Colleague("Jonas Jitterbug", "ML engineer", LISBON, blocks=(PARTNER,), learns=(CODING,)),
    Colleague(
        "Kim Kernelpanic", "Principal engineer, serving", NEW_YORK, blocks=(DESIGN, DIVE), hours=(8, 17)
    ),
    Colleague("Lou Latency", "Senior engineer, serving", NEW_YORK, blocks=(DESIGN, CODING), hours=(8, 16)),
    Colleague("Mona Modelcard", "Senior ML engineer", NEW_YORK, blocks=(PARTNER,), hours=(8, 17)),
)


@dataclass(frozen=True)
class Applicant:
    """Somebody who applies, and the script of what happens to them.

    `levels`: background by area; `marks`: per block what every scripted interviewer finds (strong; mixed, for; doubt:
    mixed, against; weak); `incident`: how the incident part goes (told, general, cut_short); `ends`: how the story ends;
    `why`: the reason of the decision; `answers`: what the hiring manager says to each flag.
    """

    name: str
    headline: str
    channel: str
    zone: str
    week: int
    levels: dict[str, str]
    tools: tuple[tuple[str, str, bool], ...] = ()
    expects: tuple[int, str, str] = (335_000, "senior_platform_engineer", "Compares with platform offers.")
    marks: tuple[str, str, str, str] = ("strong", "strong", "strong", "strong")
    incident: str = "told"
    ends: str = "rejected"
    why: str = ""
    answers: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def email(self) -> str:
        return f"{self.name.split()[0].lower()}@example.test"


_MLOPS = {
    "kubernetes": "deep",
    "distributed_systems": "solid",
    "reliability": "solid",
    "model_serving": "deep",
    "retraining": "solid",
    "drift_monitoring": "solid",
    "model_training": "some",
}
APPLICANTS = (
    Applicant(
        "Nadia Northbound",
        "Platform lead at a logistics scale-up",
        "platform_communities",
        BERLIN,
        7,
        _MLOPS,
        (("kubernetes", "deep", True), ("kserve", "solid", False)),
        ends="hired",
        why="Clear evidence in every block, and incidents told to the end.",
    ),
    Applicant(
        "Oskar Overfit",
        "ML engineer, recommender systems",
        "mlops_community",
        LISBON,
        1,
        {
            "model_training": "deep",
            "kubernetes": "none",
            "distributed_systems": "some",
            "reliability": "none",
            "model_serving": "some",
        },
        (("pytorch", "deep", True),),
        (345_000, "senior_platform_engineer", "Wants to grow into platform work."),
        ("weak", "doubt", "doubt", "strong"),
        answers={
            "mle_without_platform": (
                "upheld",
                "The coding and design blocks confirm it: no platform work to build on.",
            )
        },
        why="A fine ML engineer, and not a platform engineer yet.",
    ),
    Applicant(
        "Petra Pagerduty",
        "Site reliability engineer, payments",
        "platform_communities",
        BERLIN,
        2,
        {
            "reliability": "deep",
            "kubernetes": "deep",
            "distributed_systems": "deep",
            "drift_monitoring": "none",
            "retraining": "none",
            "model_serving": "some",
        },
        (("observability", "deep", True),),
        (340_000, "senior_platform_engineer", "Compares with reliability offers."),
        ("strong", "doubt", "doubt", "doubt"),
        answers={
            "sre_without_production_ml": (
                "upheld",
                "No production model in any story; willing to learn, not there yet.",
            )
        },
        why="Strong reliability work; nothing yet on models that go wrong without an error.",
    ),
    Applicant(
        "Quentin Quickhalt",
        "MLOps engineer, advertising",
        "specialised_agencies",
        NEW_YORK,
        2,
        _MLOPS,
        (),
        marks=("strong", "strong", "mixed", "strong"),
        incident="cut_short",
        answers={"incident_part_not_run": ("acknowledged", "The fire alarm rang; weighed with care.")},
        why="Three strong blocks; the incident part is made up for before the start.",
        ends="declined",
    ),
    Applicant(
        "Rosa Ratecard",
        "ML platform engineer, health",
        "linkedin_recruiter",
        LISBON,
        3,
        _MLOPS,
        (),
        (300_000, "senior_ml_engineer", "Asks for what ML engineers at the last company earned."),
        ("doubt", "strong", "doubt", "doubt"),
        answers={
            "pay_on_mle_band": ("waived", "Talked it through: they now compare with platform engineers.")
        },
        why="Good design, but little of it was run by them.",
    ),
    Applicant(
        "Stellan Sweeping",
        "Head of MLOps, consultancy",
        "hacker_news",
        BERLIN,
        3,
        _MLOPS,
        (),
        marks=("doubt", "strong", "weak", "doubt"),
        incident="general",
        answers={"no_specific_incident": ("upheld", "Three attempts to get past generalities did not help.")},
        why="Generalities where the stories should have been.",
    ),
    Applicant(
        "Tilda Towersolo",
        "Infrastructure engineer, games",
        "verified_skill_platforms",
        LISBON,
        4,
        _MLOPS,
        (("ray", "solid", True), ("mlflow", "solid", True)),
        marks=("strong", "mixed", "strong", "weak"),
        answers={
            "weak_partnership": (
                "upheld",
                "Would build the platform for themselves; both interviewers say so.",
            )
        },
        why="The panel leans to yes on skill; the platform lives on its partners, and both of them say no.",
    ),
    Applicant(
        "Ulf Undecided",
        "Platform engineer, mobility",
        "platform_communities",
        BERLIN,
        4,
        _MLOPS,
        ends="withdrawn",
    ),
    Applicant(
        "Vera Veritable",
        "MLOps engineer, energy",
        "mlops_community",
        LISBON,
        5,
        _MLOPS,
        (("kubeflow", "solid", True),),
        marks=("doubt", "doubt", "strong", "doubt"),
        why="Promising; a year short of senior in coding and design.",
    ),
    Applicant(
        "Wanda Waypoint",
        "ML infrastructure engineer, maps",
        "conferences",
        NEW_YORK,
        5,
        _MLOPS,
        marks=("strong", "doubt", "mixed", "doubt"),
        why="Design and partnership stayed vague; the rest is good.",
    ),
    Applicant(
        "Xaver Xylophone",
        "Data platform engineer, retail",
        "verified_skill_platforms",
        LISBON,
        6,
        {**_MLOPS, "data_platform": "deep", "model_serving": "some", "retraining": "solid"},
        (("argo", "solid", True),),
        ends="upcoming",
    ),
    Applicant(
        "Yara Yesterday",
        "MLOps engineer, robotics",
        "mlops_community",
        BERLIN,
        6,
        _MLOPS,
        (("triton", "solid", False),),
        ends="under_way",
    ),
)
