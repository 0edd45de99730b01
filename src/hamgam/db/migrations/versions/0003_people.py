"""Who may use the web service: people, their sessions, and tokens for programs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _user()
    _user_session()
    _api_token()


def _user() -> None:
    op.create_table(
        "User",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("nameKey", sa.Text(), nullable=False, comment="the form in which spellings are equal"),
        sa.Column("passwordHash", sa.Text(), nullable=False, comment="argon2id"),
        sa.Column("role", sa.Text(), nullable=False, comment="viewer, operator or admin"),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabledAt", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_User")),
        sa.UniqueConstraint("nameKey", name=op.f("uq_User_nameKey")),
    )


def _user_session() -> None:
    op.create_table(
        "UserSession",
        sa.Column("tokenHash", sa.Text(), nullable=False, comment="SHA-256 of what the browser holds"),
        sa.Column("userId", sa.Uuid(), nullable=False),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lastSeenAt", sa.DateTime(timezone=True), nullable=False, comment="to the minute"),
        sa.ForeignKeyConstraint(
            ["userId"], ["User.id"], name=op.f("fk_UserSession_userId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tokenHash", name=op.f("pk_UserSession")),
    )
    op.create_index("ix_UserSession_userId", "UserSession", ["userId"], unique=False)


def _api_token() -> None:
    op.create_table(
        "ApiToken",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("nameKey", sa.Text(), nullable=False, comment="the form in which spellings are equal"),
        sa.Column("role", sa.Text(), nullable=False, comment="viewer, operator or admin"),
        sa.Column("tokenHash", sa.Text(), nullable=False, comment="SHA-256 of the token"),
        sa.Column("createdAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("createdBy", sa.Text(), nullable=False),
        sa.Column("lastUsedAt", sa.DateTime(timezone=True), nullable=True, comment="to the minute"),
        sa.Column("revokedAt", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ApiToken")),
        sa.UniqueConstraint("tokenHash", name=op.f("uq_ApiToken_tokenHash")),
    )
    op.create_index(
        "uq_ApiToken_valid_name",
        "ApiToken",
        ["nameKey"],
        unique=True,
        postgresql_where=sa.text('"revokedAt" IS NULL'),
    )
