from django.db import models


class Message(models.Model):
    room = models.CharField(max_length=100, db_index=True)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.text


class Control(models.Model):
    course = models.CharField(max_length=100, db_index=True)
    message = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.message


class Vote(models.Model):
    course = models.CharField(max_length=100)
    # No foreign key, as these tables are made before those of the users.
    user_id = models.BigIntegerField()
    choice = models.CharField(max_length=1)
    cast_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "user_id"], name="one_vote")]

    def __str__(self) -> str:
        return self.choice
