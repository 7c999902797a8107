import uuid
from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import rooms.models.picture
from rooms.migrations._search import create, drop


class Migration(migrations.Migration):
    """Makes the same tables as the migrations that it replaces, with a third of their work.

    A database that has only some of those gets the others, as before.
    """

    initial = True

    replaces = [
        ("peerchat_rooms", "0001_initial"),
        ("peerchat_rooms", "0002_joining"),
        ("peerchat_rooms", "0003_quick"),
        ("peerchat_rooms", "0004_screen"),
        ("peerchat_rooms", "0005_tryout"),
        ("peerchat_rooms", "0006_guests"),
        ("peerchat_rooms", "0007_roster"),
        ("peerchat_rooms", "0008_questions"),
        ("peerchat_rooms", "0009_pictures"),
        ("peerchat_rooms", "0010_imports"),
        ("peerchat_rooms", "0011_peer_instruction"),
        ("peerchat_rooms", "0012_shown_argument"),
        ("peerchat_rooms", "0013_pseudonyms"),
        ("peerchat_rooms", "0014_after_class"),
        ("peerchat_rooms", "0015_former_groups"),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Course",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=60, unique=True, verbose_name="slug")),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "archived_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="archived at"
                    ),
                ),
                (
                    "export_key",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        max_length=64,
                        verbose_name="key of exports",
                    ),
                ),
            ],
            options={
                "verbose_name": "course",
                "verbose_name_plural": "courses",
                "ordering": ("title", "slug"),
            },
        ),
        migrations.CreateModel(
            name="Worker",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="id",
                    ),
                ),
                ("seen_at", models.DateTimeField(db_index=True, verbose_name="seen at")),
            ],
            options={
                "verbose_name": "worker",
                "verbose_name_plural": "workers",
                "ordering": ("seen_at",),
            },
        ),
        migrations.CreateModel(
            name="ClassSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("idle", "Waiting"),
                            ("vote", "Vote"),
                            ("vote_closed", "Vote closed"),
                            ("discuss", "Discuss"),
                            ("revote", "Vote again"),
                            ("revote_closed", "Second vote closed"),
                            ("revealed", "Result"),
                        ],
                        default="idle",
                        max_length=13,
                        verbose_name="phase",
                    ),
                ),
                ("epoch", models.PositiveBigIntegerField(default=0, verbose_name="epoch")),
                (
                    "revision",
                    models.PositiveBigIntegerField(
                        db_default=0, default=0, verbose_name="revision"
                    ),
                ),
                (
                    "control_message",
                    models.CharField(
                        default="enableNext", max_length=20, verbose_name="control message"
                    ),
                ),
                ("changed_at", models.DateTimeField(verbose_name="changed at")),
                ("deadline", models.DateTimeField(blank=True, null=True, verbose_name="deadline")),
                (
                    "closing",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=32, verbose_name="closing"
                    ),
                ),
                (
                    "bars_epoch",
                    models.PositiveBigIntegerField(
                        blank=True, null=True, verbose_name="epoch of the bars"
                    ),
                ),
                (
                    "has_pseudonyms",
                    models.BooleanField(
                        db_default=False, default=False, editable=False, verbose_name="pseudonyms"
                    ),
                ),
                (
                    "lecturers_know",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        editable=False,
                        verbose_name="lecturers know the names",
                    ),
                ),
                (
                    "controller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="controller",
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="class_sessions",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "class session",
                "verbose_name_plural": "class sessions",
                "ordering": ("-started_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("deadline__isnull", False)),
                        fields=["deadline"],
                        name="peerchat_deadlines_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("course",),
                        name="peerchat_one_open_class_session",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "phase__in",
                                [
                                    "idle",
                                    "vote",
                                    "vote_closed",
                                    "discuss",
                                    "revote",
                                    "revote_closed",
                                    "revealed",
                                ],
                            )
                        ),
                        name="peerchat_class_session_phase",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("deadline", None), ("phase__in", ("vote", "revote")), _connector="OR"
                        ),
                        name="peerchat_deadline_only_while_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Enrollment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("student", "Student"),
                            ("assistant", "Assistant"),
                            ("instructor", "Instructor"),
                        ],
                        default="student",
                        max_length=10,
                        verbose_name="role",
                    ),
                ),
                ("joined_at", models.DateTimeField(auto_now_add=True, verbose_name="joined at")),
                (
                    "muted_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="muted until"),
                ),
                (
                    "place",
                    models.CharField(
                        blank=True,
                        choices=[("hall", "in the hall"), ("elsewhere", "elsewhere")],
                        db_default="",
                        default="",
                        max_length=9,
                        verbose_name="place",
                    ),
                ),
                (
                    "seat",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=40, verbose_name="seat"
                    ),
                ),
                (
                    "shares_reasons_since",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="shares reasons since"
                    ),
                ),
                (
                    "in_research_since",
                    models.DateTimeField(blank=True, null=True, verbose_name="in research since"),
                ),
                (
                    "reminded_since",
                    models.DateTimeField(blank=True, null=True, verbose_name="reminded since"),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="enrollments",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        limit_choices_to={"peerchat_tried_out": None},
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_enrollments",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "enrollment",
                "verbose_name_plural": "enrollments",
                "ordering": ("course", "role", "user_id"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "course"), name="peerchat_enrollment_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ("student", "assistant", "instructor"))),
                        name="peerchat_enrollment_role",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Exclusion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=6, verbose_name="code")),
                (
                    "device",
                    models.CharField(
                        editable=False, max_length=64, null=True, verbose_name="device"
                    ),
                ),
                ("removed_at", models.DateTimeField(verbose_name="removed at")),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="exclusions",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_exclusions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "exclusion",
                "verbose_name_plural": "exclusions",
                "ordering": ("course", "-removed_at"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course", "user"), name="peerchat_exclusion_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FormerSlug",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=60, unique=True, verbose_name="slug")),
                ("left_at", models.DateTimeField(verbose_name="left at")),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_slugs",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "former slug",
                "verbose_name_plural": "former slugs",
                "ordering": ("course", "-left_at"),
            },
        ),
        migrations.CreateModel(
            name="Guest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "device",
                    models.CharField(
                        editable=False, max_length=64, null=True, unique=True, verbose_name="device"
                    ),
                ),
                (
                    "link",
                    models.CharField(
                        editable=False, max_length=64, null=True, unique=True, verbose_name="link"
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_guest",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "guest",
                "verbose_name_plural": "guests",
                "ordering": ("-made_at",),
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("mail", "By e-mail"), ("print", "Printed")],
                        max_length=5,
                        verbose_name="kind",
                    ),
                ),
                (
                    "digest",
                    models.CharField(
                        editable=False, max_length=64, unique=True, verbose_name="digest"
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent at")),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        help_text="Why the e-mail was not sent.",
                        max_length=200,
                        verbose_name="failure",
                    ),
                ),
                ("used_at", models.DateTimeField(blank=True, null=True, verbose_name="used at")),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_invitations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
                "ordering": ("course", "-made_at"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course", "user", "kind"), name="peerchat_invitation_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("mail", "print"))),
                        name="peerchat_invitation_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="JoinCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=6, unique=True, verbose_name="code")),
                (
                    "open_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="open until"),
                ),
                (
                    "names",
                    models.CharField(
                        choices=[("nickname", "Nicknames"), ("real", "Real names")],
                        default="nickname",
                        max_length=8,
                        verbose_name="names",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "course",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="join_code",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "join code",
                "verbose_name_plural": "join codes",
            },
        ),
        migrations.CreateModel(
            name="KnownAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.CharField(max_length=45, verbose_name="address")),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "known address",
                "verbose_name_plural": "known addresses",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course", "address"), name="peerchat_known_address_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MarkRules",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "first_vote",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="first vote",
                    ),
                ),
                (
                    "second_vote",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="second vote",
                    ),
                ),
                (
                    "message",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="message",
                    ),
                ),
                (
                    "right_first",
                    models.PositiveSmallIntegerField(
                        default=0,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="right in the first vote",
                    ),
                ),
                (
                    "right_second",
                    models.PositiveSmallIntegerField(
                        default=0,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="right in the second vote",
                    ),
                ),
                (
                    "dropped",
                    models.PositiveSmallIntegerField(
                        default=0,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="dropped",
                    ),
                ),
                (
                    "dropped_of",
                    models.CharField(
                        choices=[("question", "questions"), ("session", "class sessions")],
                        default="question",
                        max_length=8,
                        verbose_name="dropped of",
                    ),
                ),
                (
                    "enough",
                    models.PositiveSmallIntegerField(
                        default=100,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="enough",
                    ),
                ),
                (
                    "full_mark",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("100"),
                        max_digits=6,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.01"))],
                        verbose_name="full mark",
                    ),
                ),
                (
                    "released",
                    models.PositiveSmallIntegerField(
                        default=0,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="released questions",
                    ),
                ),
                (
                    "shows_students",
                    models.BooleanField(default=True, verbose_name="students see their marks"),
                ),
                ("changed_at", models.DateTimeField(auto_now=True, verbose_name="changed at")),
                (
                    "course",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mark_rules",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "rules of marks",
                "verbose_name_plural": "rules of marks",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("dropped__lte", 100),
                            ("first_vote__lte", 100),
                            ("message__lte", 100),
                            ("right_first__lte", 100),
                            ("right_second__lte", 100),
                            ("second_vote__lte", 100),
                        ),
                        name="peerchat_marks_points",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("first_vote__gt", 0),
                            ("second_vote__gt", 0),
                            ("message__gt", 0),
                            ("right_first__gt", 0),
                            ("right_second__gt", 0),
                            _connector="OR",
                        ),
                        name="peerchat_marks_for_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("enough__gte", 1),
                            ("enough__lte", 100),
                            ("full_mark__gt", 0),
                            ("released__lte", 100),
                        ),
                        name="peerchat_marks_percent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("dropped_of__in", ("question", "session"))),
                        name="peerchat_marks_lowest",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="id",
                    ),
                ),
                ("seq", models.PositiveBigIntegerField(verbose_name="seq")),
                ("uuid", models.CharField(max_length=64, verbose_name="uuid")),
                (
                    "kind",
                    models.CharField(
                        choices=[("text", "Text"), ("system", "System"), ("control", "Control")],
                        default="text",
                        max_length=7,
                        verbose_name="kind",
                    ),
                ),
                ("text", models.TextField(verbose_name="text")),
                (
                    "pseudonym",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        max_length=60,
                        verbose_name="pseudonym",
                    ),
                ),
                ("control", models.JSONField(blank=True, null=True, verbose_name="control")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                (
                    "removed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="removed at"),
                ),
                (
                    "removed_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="removed by",
                    ),
                ),
                (
                    "reply_to",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="replies",
                        to="peerchat_rooms.message",
                        verbose_name="reply to",
                    ),
                ),
                (
                    "sender",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="peerchat_messages",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="sender",
                    ),
                ),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "ordering": ("room", "seq"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("reply_to__isnull", False)),
                        fields=["reply_to"],
                        name="peerchat_replies",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("seq__gte", 1)), name="peerchat_message_seq_from_1"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Mention",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_mentions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mentions",
                        to="peerchat_rooms.message",
                        verbose_name="message",
                    ),
                ),
            ],
            options={
                "verbose_name": "mention",
                "verbose_name_plural": "mentions",
                "ordering": ("-id",),
                "indexes": [models.Index(fields=["user", "-id"], name="peerchat_mentions_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("message", "user"), name="peerchat_mention_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Flag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("raised_at", models.DateTimeField(verbose_name="raised at")),
                (
                    "settled_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="settled at"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_flags",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="flags",
                        to="peerchat_rooms.message",
                        verbose_name="message",
                    ),
                ),
            ],
            options={
                "verbose_name": "flag",
                "verbose_name_plural": "flags",
                "ordering": ("-raised_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("settled_at", None)),
                        fields=["raised_at"],
                        name="peerchat_open_flags",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("message", "user"), name="peerchat_flag_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="PairingRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("never", "never together"),
                            ("always", "always together"),
                            ("fixed", "fixed group"),
                        ],
                        max_length=6,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=100, verbose_name="name")),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="made at")),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pairing_rules",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "pairing rule",
                "verbose_name_plural": "pairing rules",
                "ordering": ("course", "kind", "name", "id"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("never", "always", "fixed"))),
                        name="peerchat_pairing_rule_kind",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PairingMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_pairing_rules",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="peerchat_rooms.pairingrule",
                        verbose_name="rule",
                    ),
                ),
            ],
            options={
                "verbose_name": "member of a pairing rule",
                "verbose_name_plural": "members of pairing rules",
                "ordering": ("rule", "user"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("rule", "user"), name="peerchat_pairing_member_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Picture",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        default=rooms.models.picture.new_key,
                        editable=False,
                        max_length=32,
                        unique=True,
                        verbose_name="key",
                    ),
                ),
                (
                    "file",
                    models.FileField(
                        db_index=True,
                        max_length=200,
                        storage=rooms.models.picture.storage,
                        upload_to=rooms.models.picture.file_name,
                        verbose_name="file",
                    ),
                ),
                ("content_type", models.CharField(max_length=20, verbose_name="content type")),
                ("width", models.PositiveIntegerField(verbose_name="width")),
                ("height", models.PositiveIntegerField(verbose_name="height")),
                ("size", models.PositiveIntegerField(verbose_name="bytes")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                (
                    "source_digest",
                    models.CharField(max_length=64, verbose_name="digest of the source"),
                ),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="made at")),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pictures",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
            ],
            options={
                "verbose_name": "picture",
                "verbose_name_plural": "pictures",
                "ordering": ("course", "-made_at"),
                "indexes": [
                    models.Index(fields=["course", "source_digest"], name="peerchat_picture_source")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course", "digest"), name="peerchat_picture_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Pseudonym",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pseudonyms",
                        to="peerchat_rooms.classsession",
                        verbose_name="session",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_pseudonyms",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "pseudonym",
                "verbose_name_plural": "pseudonyms",
                "ordering": ("session", "name"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("session", "user"), name="peerchat_one_pseudonym_each"
                    ),
                    models.UniqueConstraint(
                        fields=("session", "name"), name="peerchat_pseudonym_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=60, verbose_name="slug")),
                (
                    "title",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="Only those who lead the course see it.",
                        max_length=200,
                        verbose_name="title",
                    ),
                ),
                ("prompt", models.TextField(verbose_name="prompt")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("single", "one choice"),
                            ("several", "several choices"),
                            ("number", "number"),
                            ("text", "short text"),
                            ("poll", "poll without a right answer"),
                        ],
                        default="single",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("number", models.FloatField(blank=True, null=True, verbose_name="number")),
                (
                    "tolerance",
                    models.FloatField(db_default=0.0, default=0.0, verbose_name="tolerance"),
                ),
                (
                    "unit",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=20, verbose_name="unit"
                    ),
                ),
                (
                    "accepted",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value([], models.JSONField()),
                        default=list,
                        verbose_name="accepted answers",
                    ),
                ),
                (
                    "explanation",
                    models.TextField(
                        blank=True, db_default="", default="", verbose_name="explanation"
                    ),
                ),
                (
                    "follow_up",
                    models.TextField(
                        blank=True, db_default="", default="", verbose_name="follow-up"
                    ),
                ),
                (
                    "tags",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value([], models.JSONField()),
                        default=list,
                        verbose_name="tags",
                    ),
                ),
                (
                    "is_draft",
                    models.BooleanField(db_default=False, default=False, verbose_name="is a draft"),
                ),
                (
                    "edit",
                    models.PositiveIntegerField(
                        db_default=0, default=0, editable=False, verbose_name="edit"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                (
                    "quick",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Asked without preparation. It may have no words and no right answer.",
                        verbose_name="quick",
                    ),
                ),
                (
                    "lineage",
                    models.UUIDField(blank=True, editable=False, null=True, verbose_name="lineage"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "former_slugs",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value([], models.JSONField()),
                        default=list,
                        editable=False,
                        verbose_name="former slugs",
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="questions",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "twin_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="twins",
                        to="peerchat_rooms.question",
                        verbose_name="twin of",
                    ),
                ),
            ],
            options={
                "verbose_name": "question",
                "verbose_name_plural": "questions",
                "ordering": ("course", "quick", "position", "slug"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("lineage__isnull", False)),
                        fields=["lineage"],
                        name="peerchat_question_lineage",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course", "slug"), name="peerchat_question_slug_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Choice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("letter", models.CharField(max_length=1, verbose_name="letter")),
                ("text", models.CharField(max_length=500, verbose_name="text")),
                ("is_correct", models.BooleanField(default=False, verbose_name="is correct")),
                (
                    "feedback",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=500,
                        verbose_name="feedback",
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="choices",
                        to="peerchat_rooms.question",
                        verbose_name="question",
                    ),
                ),
            ],
            options={
                "verbose_name": "choice",
                "verbose_name_plural": "choices",
                "ordering": ("question", "letter"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("question", "letter"), name="peerchat_choice_letter_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("letter__regex", "^[A-Z]$")),
                        name="peerchat_choice_letter_a_to_z",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Bookmark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="made at")),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_bookmarks",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bookmarks",
                        to="peerchat_rooms.question",
                        verbose_name="question",
                    ),
                ),
            ],
            options={
                "verbose_name": "bookmark",
                "verbose_name_plural": "bookmarks",
                "ordering": ("-made_at",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "question"), name="peerchat_bookmark_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="QuestionFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        editable=False, max_length=32, unique=True, verbose_name="key"
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=200, verbose_name="name")),
                ("format", models.CharField(blank=True, max_length=10, verbose_name="format")),
                ("data", models.BinaryField(verbose_name="data")),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="question_files",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_question_file",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of questions",
                "verbose_name_plural": "files of questions",
                "ordering": ("user_id",),
            },
        ),
        migrations.CreateModel(
            name="QuestionVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("prompt", models.TextField(verbose_name="prompt")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("single", "one choice"),
                            ("several", "several choices"),
                            ("number", "number"),
                            ("text", "short text"),
                            ("poll", "poll without a right answer"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("choices", models.JSONField(verbose_name="choices")),
                (
                    "answer",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value({}, models.JSONField()),
                        default=dict,
                        verbose_name="answer",
                    ),
                ),
                (
                    "explanation",
                    models.TextField(
                        blank=True, db_default="", default="", verbose_name="explanation"
                    ),
                ),
                (
                    "follow_up",
                    models.TextField(
                        blank=True, db_default="", default="", verbose_name="follow-up"
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="peerchat_rooms.question",
                        verbose_name="question",
                    ),
                ),
            ],
            options={
                "verbose_name": "question version",
                "verbose_name_plural": "question versions",
                "ordering": ("question", "number"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("question", "number"), name="peerchat_question_version_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Release",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.UUIDField(editable=False, unique=True, verbose_name="name")),
                ("released_at", models.DateTimeField(verbose_name="released at")),
                ("opens_at", models.DateTimeField(verbose_name="opens at")),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due at")),
                (
                    "reveals",
                    models.CharField(
                        choices=[
                            ("at_once", "after the second answer"),
                            ("when_due", "when it is due"),
                        ],
                        default="at_once",
                        max_length=8,
                        verbose_name="shows the result",
                    ),
                ),
                (
                    "withdrawn_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="withdrawn at"),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="releases",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="releases",
                        to="peerchat_rooms.question",
                        verbose_name="question",
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="released by",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="releases",
                        to="peerchat_rooms.classsession",
                        verbose_name="session",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="releases",
                        to="peerchat_rooms.questionversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "release",
                "verbose_name_plural": "releases",
                "ordering": ("course", "-opens_at"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False), ("withdrawn_at", None)),
                        fields=["due_at"],
                        name="peerchat_releases_due",
                    ),
                    models.Index(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=["opens_at"],
                        name="peerchat_releases_opening",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("due_at", None), ("due_at__gt", models.F("opens_at")), _connector="OR"
                        ),
                        name="peerchat_release_due_after_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reveals", "at_once"),
                            models.Q(("due_at__isnull", False), ("reveals", "when_due")),
                            _connector="OR",
                        ),
                        name="peerchat_release_reveals",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("opened", "released"), ("due", "due soon")],
                        max_length=6,
                        verbose_name="kind",
                    ),
                ),
                ("claimed_at", models.DateTimeField(verbose_name="claimed at")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent at")),
                ("failure", models.CharField(blank=True, max_length=200, verbose_name="failure")),
                (
                    "release",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminders",
                        to="peerchat_rooms.release",
                        verbose_name="release",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_reminders",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "reminder",
                "verbose_name_plural": "reminders",
                "ordering": ("release", "-claimed_at"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("release", "user", "kind"), name="peerchat_reminder_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("opened", "due"))),
                        name="peerchat_reminder_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "pseudonym",
                    models.CharField(
                        blank=True, editable=False, max_length=60, verbose_name="pseudonym"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("abuse", "insult or threat"),
                            ("harassment", "harassment"),
                            ("spam", "spam"),
                            ("other", "something else"),
                        ],
                        max_length=10,
                        verbose_name="reason",
                    ),
                ),
                ("text", models.CharField(blank=True, max_length=1000, verbose_name="text")),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "settled_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="settled at"),
                ),
                (
                    "about",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_reported",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="about",
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reports",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="reports",
                        to="peerchat_rooms.message",
                        verbose_name="message",
                    ),
                ),
                (
                    "reporter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_reports",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reporter",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="settled by",
                    ),
                ),
            ],
            options={
                "verbose_name": "report",
                "verbose_name_plural": "reports",
                "ordering": ("-made_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("settled_at", None)),
                        fields=["course", "made_at"],
                        name="peerchat_open_reports",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("settled_at", None)),
                        fields=("course", "reporter", "about", "pseudonym"),
                        name="peerchat_one_open_report",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reporter", models.F("about")), _negated=True),
                        name="peerchat_report_about_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reason__in", ("abuse", "harassment", "spam", "other"))
                        ),
                        name="peerchat_report_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("settled_by", None), ("settled_at__isnull", False), _connector="OR"
                        ),
                        name="peerchat_report_settled",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Retention",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ends_on", models.DateField(verbose_name="end of the term")),
                (
                    "keep_days",
                    models.PositiveIntegerField(
                        default=365,
                        validators=[django.core.validators.MaxValueValidator(36500)],
                        verbose_name="days",
                    ),
                ),
                (
                    "afterwards",
                    models.CharField(
                        choices=[("anonymise", "is made anonymous"), ("delete", "is deleted")],
                        default="anonymise",
                        max_length=9,
                        verbose_name="afterwards",
                    ),
                ),
                (
                    "applied_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="applied at"
                    ),
                ),
                (
                    "course",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="retention",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "retention",
                "verbose_name_plural": "retentions",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("keep_days__lte", 36500)),
                        name="peerchat_retention_days",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("afterwards__in", ("anonymise", "delete"))),
                        name="peerchat_retention_afterwards",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RightAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("letter", models.TextField(blank=True, verbose_name="answer")),
                ("name", models.UUIDField(editable=False, unique=True, verbose_name="name")),
                ("given_at", models.DateTimeField(verbose_name="given at")),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="given by",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="right_answers",
                        to="peerchat_rooms.questionversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "right answer",
                "verbose_name_plural": "right answers",
                "ordering": ("version", "given_at"),
            },
        ),
        migrations.CreateModel(
            name="Room",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="id",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("course", "Course"),
                            ("open", "Open"),
                            ("direct", "Direct"),
                            ("partners", "Partners"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=200, verbose_name="title")),
                ("topic", models.CharField(blank=True, max_length=500, verbose_name="topic")),
                (
                    "slow_seconds",
                    models.PositiveIntegerField(default=0, verbose_name="slow seconds"),
                ),
                (
                    "pair",
                    models.CharField(
                        blank=True, max_length=511, null=True, unique=True, verbose_name="pair"
                    ),
                ),
                ("last_seq", models.PositiveBigIntegerField(default=0, verbose_name="last seq")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "archived_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="archived at"),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rooms",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="peerchat_rooms_created",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
            ],
            options={
                "verbose_name": "room",
                "verbose_name_plural": "rooms",
                "ordering": ("created_at",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "course")),
                        fields=("course",),
                        name="peerchat_one_course_room",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "direct"), ("pair__isnull", False)),
                            models.Q(
                                models.Q(("kind", "direct"), _negated=True), ("pair__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="peerchat_direct_room_has_pair",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("course", "open", "direct", "partners"))),
                        name="peerchat_room_kind",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="message",
            name="room",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="messages",
                to="peerchat_rooms.room",
                verbose_name="room",
            ),
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("joined_at", models.DateTimeField(auto_now_add=True, verbose_name="joined at")),
                (
                    "last_read_seq",
                    models.PositiveBigIntegerField(default=0, verbose_name="last read seq"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_memberships",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="peerchat_rooms.room",
                        verbose_name="room",
                    ),
                ),
            ],
            options={
                "verbose_name": "membership",
                "verbose_name_plural": "memberships",
                "ordering": ("room", "user_id"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "room"), name="peerchat_membership_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FormerGroup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                (
                    "method",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("different_answers", "different answers"),
                            ("random", "at random"),
                            ("same_answer", "same answer"),
                            ("keep", "as last time"),
                            ("fixed", "fixed group"),
                            ("by_hand", "by hand"),
                        ],
                        max_length=20,
                        verbose_name="method",
                    ),
                ),
                (
                    "room",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_group",
                        to="peerchat_rooms.room",
                        verbose_name="room",
                    ),
                ),
            ],
            options={
                "verbose_name": "former partner group",
                "verbose_name_plural": "former partner groups",
                "ordering": ("round", "number"),
            },
        ),
        migrations.CreateModel(
            name="RosterEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("made_user", models.BooleanField(default=False, verbose_name="made the account")),
                ("added_at", models.DateTimeField(verbose_name="added at")),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="roster",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "enrollment",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="roster_entry",
                        to="peerchat_rooms.enrollment",
                        verbose_name="enrollment",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_roster",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "roster entry",
                "verbose_name_plural": "roster entries",
                "ordering": ("course", "user_id"),
                "constraints": [
                    models.UniqueConstraint(fields=("course", "user"), name="peerchat_roster_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Round",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "number",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(2),
                        ],
                        verbose_name="number",
                    ),
                ),
                ("opened_at", models.DateTimeField(verbose_name="opened at")),
                (
                    "closed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="closed at"),
                ),
                (
                    "first",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="second",
                        to="peerchat_rooms.round",
                        verbose_name="first",
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="peerchat_rooms.question",
                        verbose_name="question",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rounds",
                        to="peerchat_rooms.classsession",
                        verbose_name="session",
                    ),
                ),
                (
                    "twin_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="twins",
                        to="peerchat_rooms.round",
                        verbose_name="twin of",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="peerchat_rooms.questionversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "round",
                "verbose_name_plural": "rounds",
                "ordering": ("opened_at",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("first", None), ("number", 1)),
                            models.Q(("first__isnull", False), ("number", 2)),
                            _connector="OR",
                        ),
                        name="peerchat_second_round_has_first",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PartnerGroup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("formed_at", models.DateTimeField(verbose_name="formed at")),
                (
                    "method",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("different_answers", "different answers"),
                            ("random", "at random"),
                            ("same_answer", "same answer"),
                            ("keep", "as last time"),
                            ("fixed", "fixed group"),
                            ("by_hand", "by hand"),
                        ],
                        db_default="",
                        default="",
                        max_length=20,
                        verbose_name="method",
                    ),
                ),
                (
                    "size",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="size"),
                ),
                (
                    "voters",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="voters"),
                ),
                (
                    "is_mixed",
                    models.BooleanField(blank=True, null=True, verbose_name="different answers"),
                ),
                (
                    "right",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="right"),
                ),
                (
                    "confidence_gap",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="confidence gap"
                    ),
                ),
                (
                    "repeats",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="repeats"),
                ),
                (
                    "place",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("hall", "in the hall"),
                            ("elsewhere", "elsewhere"),
                            ("both", "in the hall and elsewhere"),
                        ],
                        db_default="",
                        default="",
                        max_length=9,
                        verbose_name="place",
                    ),
                ),
                (
                    "room",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="partner_group",
                        to="peerchat_rooms.room",
                        verbose_name="room",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="partner_groups",
                        to="peerchat_rooms.round",
                        verbose_name="round",
                    ),
                ),
            ],
            options={
                "verbose_name": "partner group",
                "verbose_name_plural": "partner groups",
                "ordering": ("round", "number"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "number"), name="peerchat_partner_group_number_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Partner",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "messages",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="messages"),
                ),
                (
                    "former",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="partners",
                        to="peerchat_rooms.formergroup",
                        verbose_name="former partner group",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_partnerships",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="partners",
                        to="peerchat_rooms.partnergroup",
                        verbose_name="group",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="partners",
                        to="peerchat_rooms.round",
                        verbose_name="round",
                    ),
                ),
            ],
            options={
                "verbose_name": "partner",
                "verbose_name_plural": "partners",
                "ordering": ("group", "user"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "user"), name="peerchat_one_partner_group_each"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="formergroup",
            name="round",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="former_groups",
                to="peerchat_rooms.round",
                verbose_name="round",
            ),
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("choice", models.CharField(max_length=200, verbose_name="choice")),
                (
                    "confidence",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="confidence"
                    ),
                ),
                ("rationale", models.TextField(blank=True, verbose_name="rationale")),
                ("sent_at", models.DateTimeField(verbose_name="sent at")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_drafts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to="peerchat_rooms.round",
                        verbose_name="round",
                    ),
                ),
            ],
            options={
                "verbose_name": "draft",
                "verbose_name_plural": "drafts",
                "ordering": ("round", "sent_at"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "user"), name="peerchat_one_draft_per_round"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confidence", None),
                            models.Q(("confidence__gte", 1), ("confidence__lte", 5)),
                            _connector="OR",
                        ),
                        name="peerchat_draft_confidence_1_to_5",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="classsession",
            name="current_round",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="peerchat_rooms.round",
                verbose_name="current round",
            ),
        ),
        migrations.CreateModel(
            name="Screen",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "shows_partners",
                    models.BooleanField(default=False, verbose_name="shows who talks to whom"),
                ),
                (
                    "nonce",
                    models.CharField(
                        blank=True,
                        editable=False,
                        max_length=32,
                        null=True,
                        unique=True,
                        verbose_name="nonce",
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="expires at"),
                ),
                (
                    "course",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="screen",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "screen of the hall",
                "verbose_name_plural": "screens of the hall",
            },
        ),
        migrations.CreateModel(
            name="Seed",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("choice", models.CharField(max_length=200, verbose_name="choice")),
                ("text", models.CharField(max_length=1000, verbose_name="text")),
                (
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seeds",
                        to="peerchat_rooms.release",
                        verbose_name="release",
                    ),
                ),
            ],
            options={
                "verbose_name": "first reason",
                "verbose_name_plural": "first reasons",
                "ordering": ("release", "choice", "id"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True),
                        name="peerchat_seed_has_text",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StandIn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stand_ins",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_stand_in",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "stand-in",
                "verbose_name_plural": "stand-ins",
            },
        ),
        migrations.CreateModel(
            name="Take",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                (
                    "first_choice",
                    models.CharField(blank=True, max_length=200, verbose_name="first answer"),
                ),
                (
                    "first_confidence",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="first confidence"
                    ),
                ),
                (
                    "first_reason",
                    models.CharField(blank=True, max_length=1000, verbose_name="first reason"),
                ),
                ("first_at", models.DateTimeField(blank=True, null=True, verbose_name="first at")),
                (
                    "second_choice",
                    models.CharField(blank=True, max_length=200, verbose_name="second answer"),
                ),
                (
                    "second_confidence",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="second confidence"
                    ),
                ),
                (
                    "second_reason",
                    models.CharField(blank=True, max_length=1000, verbose_name="second reason"),
                ),
                (
                    "second_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="second at"),
                ),
                (
                    "convinced",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("reason", "a reason"),
                            ("message", "a message"),
                            ("thought", "own thought"),
                            ("nothing", "nothing"),
                        ],
                        max_length=7,
                        verbose_name="convinced by",
                    ),
                ),
                (
                    "waiting_since",
                    models.DateTimeField(blank=True, null=True, verbose_name="waiting since"),
                ),
                ("seen_at", models.DateTimeField(blank=True, null=True, verbose_name="seen at")),
                (
                    "messages",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="messages"),
                ),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="peerchat_rooms.message",
                        verbose_name="message",
                    ),
                ),
                (
                    "release",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="takes",
                        to="peerchat_rooms.release",
                        verbose_name="release",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="peerchat_takes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer to a release",
                "verbose_name_plural": "answers to releases",
                "ordering": ("release", "started_at"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("waiting_since__isnull", False)),
                        fields=["release", "waiting_since"],
                        name="peerchat_takes_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("release", "user"), name="peerchat_one_take_each"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("first_at", None),
                                ("first_choice", ""),
                                ("first_confidence", None),
                                ("first_reason", ""),
                            ),
                            models.Q(
                                ("first_at__isnull", False),
                                models.Q(("first_choice", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="peerchat_take_first",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("convinced", ""),
                                ("second_at", None),
                                ("second_choice", ""),
                                ("second_confidence", None),
                                ("second_reason", ""),
                            ),
                            models.Q(
                                ("first_at__isnull", False),
                                ("second_at__gte", models.F("first_at")),
                                ("second_at__isnull", False),
                                models.Q(("second_choice", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="peerchat_take_second_after_first",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("first_confidence", None),
                            models.Q(("first_confidence__gte", 1), ("first_confidence__lte", 5)),
                            _connector="OR",
                        ),
                        name="peerchat_take_first_confidence",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("second_confidence", None),
                            models.Q(("second_confidence__gte", 1), ("second_confidence__lte", 5)),
                            _connector="OR",
                        ),
                        name="peerchat_take_second_confidence",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("convinced__in", ("", "reason", "message", "thought", "nothing")),
                            models.Q(("message", None), ("convinced", "message"), _connector="OR"),
                        ),
                        name="peerchat_take_convinced",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("waiting_since", None),
                            models.Q(
                                ("first_at__isnull", False),
                                ("second_at", None),
                                ("seen_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="peerchat_take_waits_between",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NightPair",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("formed_at", models.DateTimeField(verbose_name="formed at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "room",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="night_pair",
                        to="peerchat_rooms.room",
                        verbose_name="room",
                    ),
                ),
                (
                    "one",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="paired_as_one",
                        to="peerchat_rooms.take",
                        verbose_name="one",
                    ),
                ),
                (
                    "other",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="paired_as_other",
                        to="peerchat_rooms.take",
                        verbose_name="other",
                    ),
                ),
            ],
            options={
                "verbose_name": "pair outside class",
                "verbose_name_plural": "pairs outside class",
                "ordering": ("-formed_at",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("one", models.F("other")), _negated=True),
                        name="peerchat_night_pair_of_two",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TryOut",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slot", models.PositiveSmallIntegerField(unique=True, verbose_name="slot")),
                ("language", models.CharField(max_length=16, verbose_name="language")),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("ends_at", models.DateTimeField(verbose_name="ends at")),
                ("host", models.UUIDField(null=True, verbose_name="host")),
                ("held_until", models.DateTimeField(null=True, verbose_name="held until")),
                (
                    "course",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="try_out",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "lecturer",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="peerchat_try_out",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="lecturer",
                    ),
                ),
                (
                    "of",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="try_outs",
                        to="peerchat_rooms.course",
                        verbose_name="copy of",
                    ),
                ),
            ],
            options={
                "verbose_name": "try-out",
                "verbose_name_plural": "try-outs",
                "ordering": ("started_at",),
            },
        ),
        migrations.CreateModel(
            name="TryOutStudent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                (
                    "try_out",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="students",
                        to="peerchat_rooms.tryout",
                        verbose_name="try-out",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_tried_out",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "student of a try-out",
                "verbose_name_plural": "students of try-outs",
                "ordering": ("try_out", "number"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("try_out", "number"), name="peerchat_try_out_number_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UseLog",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("timestamp", models.DateTimeField(verbose_name="timestamp")),
                ("sid", models.CharField(max_length=254, verbose_name="sid")),
                ("event", models.CharField(max_length=20, verbose_name="event")),
                ("act", models.TextField(verbose_name="act")),
                ("div_id", models.CharField(blank=True, max_length=60, verbose_name="div id")),
                (
                    "course_id",
                    models.CharField(blank=True, max_length=60, verbose_name="course id"),
                ),
                ("named", models.JSONField(blank=True, null=True, verbose_name="named users")),
                (
                    "in_course",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="peerchat_rooms.question",
                        verbose_name="question",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "use log row",
                "verbose_name_plural": "use log rows",
                "ordering": ("timestamp", "id"),
                "indexes": [
                    models.Index(
                        fields=["in_course", "timestamp"], name="peerchat_uselog_in_course"
                    ),
                    models.Index(
                        condition=models.Q(("in_course", None)),
                        fields=["course_id", "timestamp"],
                        name="peerchat_uselog_by_slug",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Vote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("choice", models.CharField(max_length=200, verbose_name="choice")),
                (
                    "confidence",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="confidence"
                    ),
                ),
                ("rationale", models.TextField(blank=True, verbose_name="rationale")),
                ("cast_at", models.DateTimeField(verbose_name="cast at")),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="votes",
                        to="peerchat_rooms.round",
                        verbose_name="round",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="peerchat_votes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "vote",
                "verbose_name_plural": "votes",
                "ordering": ("round", "cast_at"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "user"), name="peerchat_one_vote_per_round"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confidence", None),
                            models.Q(("confidence__gte", 1), ("confidence__lte", 5)),
                            _connector="OR",
                        ),
                        name="peerchat_vote_confidence_1_to_5",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ShownReason",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_picked", models.BooleanField(default=False, verbose_name="picked")),
                (
                    "seed",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="peerchat_rooms.seed",
                        verbose_name="first reason",
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shown_to",
                        to="peerchat_rooms.take",
                        verbose_name="answer of somebody else",
                    ),
                ),
                (
                    "take",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shown",
                        to="peerchat_rooms.take",
                        verbose_name="answer to a release",
                    ),
                ),
                (
                    "vote",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="peerchat_rooms.vote",
                        verbose_name="vote",
                    ),
                ),
            ],
            options={
                "verbose_name": "shown reason",
                "verbose_name_plural": "shown reasons",
                "ordering": ("take", "id"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("other", None), ("seed", None), ("vote__isnull", False)),
                            models.Q(("other__isnull", False), ("seed", None), ("vote", None)),
                            models.Q(("other", None), ("seed__isnull", False), ("vote", None)),
                            _connector="OR",
                        ),
                        name="peerchat_shown_reason_of_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("other", None),
                            models.Q(("other", models.F("take")), _negated=True),
                            _connector="OR",
                        ),
                        name="peerchat_shown_reason_not_own",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_picked", True)),
                        fields=("take",),
                        name="peerchat_one_picked_reason",
                    ),
                    models.UniqueConstraint(
                        fields=("take", "vote"), name="peerchat_shown_vote_once"
                    ),
                    models.UniqueConstraint(
                        fields=("take", "other"), name="peerchat_shown_take_once"
                    ),
                    models.UniqueConstraint(
                        fields=("take", "seed"), name="peerchat_shown_seed_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ShownArgument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("shown_at", models.DateTimeField(verbose_name="shown at")),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="peerchat_rooms.message",
                        verbose_name="message",
                    ),
                ),
                (
                    "round",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shown_argument",
                        to="peerchat_rooms.round",
                        verbose_name="round",
                    ),
                ),
                (
                    "vote",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="peerchat_rooms.vote",
                        verbose_name="vote",
                    ),
                ),
            ],
            options={
                "verbose_name": "shown argument",
                "verbose_name_plural": "shown arguments",
                "ordering": ("-shown_at",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("message", None), ("vote__isnull", False)),
                            models.Q(("message__isnull", False), ("vote", None)),
                            _connector="OR",
                        ),
                        name="peerchat_shown_message_or_reason",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="partnergroup",
            name="offered",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="peerchat_rooms.vote",
                verbose_name="offered reason",
            ),
        ),
        migrations.CreateModel(
            name="Conviction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        choices=[
                            ("message", "a message"),
                            ("reason", "a reason"),
                            ("thought", "own thought"),
                            ("nothing", "nothing"),
                        ],
                        max_length=7,
                        verbose_name="by",
                    ),
                ),
                ("said_at", models.DateTimeField(verbose_name="said at")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_convictions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="convictions",
                        to="peerchat_rooms.message",
                        verbose_name="message",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="convictions",
                        to="peerchat_rooms.round",
                        verbose_name="round",
                    ),
                ),
                (
                    "vote",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="convictions",
                        to="peerchat_rooms.vote",
                        verbose_name="vote",
                    ),
                ),
            ],
            options={
                "verbose_name": "conviction",
                "verbose_name_plural": "convictions",
                "ordering": ("round", "said_at"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "user"), name="peerchat_one_conviction_each"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("by", "message"), ("vote", None)),
                            models.Q(("by", "reason"), ("message", None), ("vote__isnull", False)),
                            models.Q(
                                ("by__in", ("thought", "nothing")),
                                ("message", None),
                                ("vote", None),
                            ),
                            _connector="OR",
                        ),
                        name="peerchat_conviction_by",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Connection",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        editable=False, primary_key=True, serialize=False, verbose_name="id"
                    ),
                ),
                ("opened_at", models.DateTimeField(verbose_name="opened at")),
                (
                    "closed_at",
                    models.DateTimeField(
                        blank=True, db_index=True, null=True, verbose_name="closed at"
                    ),
                ),
                (
                    "silent_since",
                    models.DateTimeField(blank=True, null=True, verbose_name="silent since"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_connections",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="connections",
                        to="peerchat_rooms.worker",
                        verbose_name="worker",
                    ),
                ),
            ],
            options={
                "verbose_name": "connection",
                "verbose_name_plural": "connections",
                "ordering": ("opened_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at", None)),
                        fields=["user"],
                        name="peerchat_open_connections",
                    ),
                    models.Index(
                        condition=models.Q(("closed_at", None), ("silent_since__isnull", False)),
                        fields=["worker"],
                        name="peerchat_silent_connections",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[("reasons", "others see my reasons"), ("research", "research")],
                        max_length=8,
                        verbose_name="purpose",
                    ),
                ),
                ("given_at", models.DateTimeField(verbose_name="given at")),
                (
                    "withdrawn_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="withdrawn at"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_consents",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "consent",
                "verbose_name_plural": "consents",
                "ordering": ("course", "-given_at"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("course", "user", "purpose"),
                        name="peerchat_one_consent_now",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("withdrawn_at", None),
                            ("withdrawn_at__gte", models.F("given_at")),
                            _connector="OR",
                        ),
                        name="peerchat_consent_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ("reasons", "research"))),
                        name="peerchat_consent_purpose",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClassSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "asks_confidence",
                    models.CharField(
                        choices=[
                            ("off", "not asked"),
                            ("optional", "optional"),
                            ("required", "required"),
                        ],
                        default="optional",
                        max_length=8,
                        verbose_name="confidence",
                    ),
                ),
                (
                    "asks_reason",
                    models.CharField(
                        choices=[
                            ("off", "not asked"),
                            ("optional", "optional"),
                            ("required", "required"),
                        ],
                        default="optional",
                        max_length=8,
                        verbose_name="reason",
                    ),
                ),
                (
                    "asks_convinced",
                    models.BooleanField(default=True, verbose_name="asks what convinced"),
                ),
                (
                    "asks_place",
                    models.BooleanField(default=False, verbose_name="asks for the place"),
                ),
                ("asks_seat", models.BooleanField(default=False, verbose_name="asks for the seat")),
                ("has_pseudonyms", models.BooleanField(default=False, verbose_name="pseudonyms")),
                (
                    "lecturer_knows",
                    models.BooleanField(default=True, verbose_name="lecturers know the names"),
                ),
                (
                    "least_right",
                    models.PositiveSmallIntegerField(
                        default=30,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="least percentage right",
                    ),
                ),
                (
                    "most_right",
                    models.PositiveSmallIntegerField(
                        default=70,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="greatest percentage right",
                    ),
                ),
                ("closes_early", models.BooleanField(default=False, verbose_name="closes early")),
                (
                    "compares_methods",
                    models.BooleanField(default=False, verbose_name="compares methods"),
                ),
                (
                    "pairs_at_night",
                    models.BooleanField(
                        db_default=False, default=False, verbose_name="pairs outside class"
                    ),
                ),
                (
                    "course",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="class_settings",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "class settings",
                "verbose_name_plural": "class settings",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("least_right__lte", models.F("most_right")), ("most_right__lte", 100)
                        ),
                        name="peerchat_class_settings_percent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("asks_confidence__in", ["off", "optional", "required"]),
                            ("asks_reason__in", ["off", "optional", "required"]),
                        ),
                        name="peerchat_class_settings_asked",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Block",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "pseudonym",
                    models.CharField(
                        blank=True, editable=False, max_length=60, verbose_name="pseudonym"
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "blocked",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_blocked",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="blocked",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="peerchat_blocks",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blocks",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "block",
                "verbose_name_plural": "blocks",
                "ordering": ("-made_at",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("course", "user", "blocked", "pseudonym"),
                        name="peerchat_block_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("user", models.F("blocked")), _negated=True),
                        name="peerchat_block_of_another",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="timestamp")),
                ("act", models.CharField(max_length=40, verbose_name="act")),
                ("course_slug", models.CharField(blank=True, max_length=60, verbose_name="slug")),
                ("detail", models.CharField(blank=True, max_length=500, verbose_name="detail")),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="actor",
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="subject",
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="audit",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "ordering": ("-at", "-id"),
                "indexes": [
                    models.Index(fields=["course", "-at"], name="peerchat_audit_of_course"),
                    models.Index(fields=["subject", "-at"], name="peerchat_audit_of_subject"),
                    models.Index(fields=["at"], name="peerchat_audit_by_time"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("act", ""), _negated=True), name="peerchat_audit_act"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Deletion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked at")),
                ("due_at", models.DateTimeField(verbose_name="due at")),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
                (
                    "course",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deletion",
                        to="peerchat_rooms.course",
                        verbose_name="course",
                    ),
                ),
            ],
            options={
                "verbose_name": "deletion of a course",
                "verbose_name_plural": "deletions of courses",
                "ordering": ("due_at",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("due_at__gt", models.F("asked_at"))),
                        name="peerchat_deletion_after_delay",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("removed_at__isnull", False)),
                fields=["room", "removed_at"],
                name="peerchat_removed_messages",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                fields=("room", "seq"), name="peerchat_message_seq_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                fields=("room", "sender", "uuid"), name="peerchat_message_uuid_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="classsession",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("current_round", None), ("phase", "idle")),
                    models.Q(
                        models.Q(("phase", "idle"), _negated=True), ("current_round__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="peerchat_round_unless_idle",
            ),
        ),
        migrations.RunPython(create, drop),
    ]
