"""People and services who act."""

from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from accounts.encryption import EncryptedTextField
from journal.models import Row


def valid_zone(name: str) -> None:
    """Refuses what is not an IANA time zone, because a wrong zone means a missed interview."""
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Use an IANA name such as Europe/Berlin.")


def zones() -> list[tuple[str, str]]:
    """Every IANA time zone, as choices."""
    return [(name, name) for name in sorted(available_timezones()) if "/" in name or name == "UTC"]


class Users(BaseUserManager["User"]):
    def visible_to(self, user: "User") -> "models.QuerySet[User]":
        """Colleagues on the desk know each other; everybody else knows their own account."""
        others = self.exclude(kind=User.Kind.SYSTEM)
        return others if user.is_staff else others.filter(pk=user.pk)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=self.normalize(username or ""))

    @staticmethod
    def normalize(email: str) -> str:
        """E-mail addresses are compared without regard to case or surrounding space."""
        return email.strip().lower()


class User(AbstractBaseUser, Row):
    """A person who logs in, a service that calls the API, or the product itself."""

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        SERVICE = "service", "Service"
        SYSTEM = "system", "Loopwright itself"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    title = models.CharField(max_length=120, blank=True, help_text="What candidates read beside the name.")
    zone = models.CharField("time zone", max_length=64, default="UTC", validators=[valid_zone])
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    is_active = models.BooleanField("active", default=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = Users()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_per_address")]

    def __str__(self) -> str:
        return self.name

    def has_usable_password(self) -> bool:
        """Where passwords are switched off, nobody has one that is of use."""
        return settings.PASSWORD_LOG_IN and super().has_usable_password()

    def check_password(self, raw_password: str | None) -> bool:
        return settings.PASSWORD_LOG_IN and super().check_password(raw_password)

    def get_short_name(self) -> str:
        return self.name.split()[0]

    def get_full_name(self) -> str:
        return self.name

    # The admin asks these of any user; roles answer (imported late: roles.py is a shelf above this one).
    @property
    def is_staff(self) -> bool:
        from accounts import permissions

        return permissions.may_enter_admin(self)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class Grant(models.Model):
    """One role of one person."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="role_once_per_user")]

    def __str__(self) -> str:
        return self.role


class ApiKeys(models.QuerySet["ApiKey"]):
    def usable(self, at: Any) -> "ApiKeys":
        return self.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)


class ApiKey(Row):
    """A service's key. Only a digest is stored: the secret is shown once, when the key is made."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeys.as_manager()

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} (lw_{self.prefix}…)"


class KeptAnswer(Row):
    """What the API answered to a request with an Idempotency-Key, to be said again when it is sent again."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=300)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="Keyed digest of the request's body.")
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty while it is under way.")
    content = EncryptedTextField(blank=True, help_text="JSON. It may hold addresses and figures.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "address", "key"], name="one_answer_per_key")]
        indexes = [models.Index(fields=["created_at"], name="kept_answer_age")]

    def __str__(self) -> str:
        return f"Answer to {self.address}"


class Notifications(Row):
    """How somebody wants to hear of what is theirs to do, and the hours in which they are not mailed."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="notifications")
    ways = models.JSONField(default=dict, help_text="By kind: mail, digest or none (accounts/notices.py).")
    quiet_from = models.TimeField(null=True, blank=True, help_text="On their own clock.")
    quiet_until = models.TimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Notifications of {self.user}"


class HeldNotice(Row):
    """Something kept for a person's next morning digest instead of being mailed by itself."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200, unique=True)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user"], condition=models.Q(told_at=None), name="held_notice_untold")]

    def __str__(self) -> str:
        return self.subject
