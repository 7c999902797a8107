"""Names of made-up people."""

# Given and family names, in the order in which the people write them.
NAMES = (
    ("Amara", "Okafor"),
    ("Mateo", "Fernández"),
    ("Yuki", "Tanaka"),
    ("Zoë", "van Dijk"),
    ("Arjun", "Mehta"),
    ("Łucja", "Wiśniewska"),
    ("Kwame", "Boateng"),
    ("Nguyễn", "Thị Lan"),
    ("Liam", "O'Connor"),
    ("Fatima", "El Amrani"),
    ("Jonas", "Bergström"),
    ("Chiara", "Ricci"),
    ("Omar", "Haddad"),
    ("Sofía", "Castillo"),
    ("Wei", "Zhang"),
    ("Ayşe", "Öztürk"),
    ("Noah", "Williams"),
    ("Priya", "Raman"),
    ("Émile", "Lefèvre"),
    ("Ingrid", "Haugen"),
    ("Tendai", "Moyo"),
    ("Min-jun", "Park"),
    ("Olena", "Kovalenko"),
    ("João", "Pereira"),
    ("Leilani", "Kealoha"),
    ("Darius", "Petrauskas"),
    ("Siti", "Rahmawati"),
    ("Felix", "Schröder"),
    ("Nadia", "Hussain"),
    ("Jiří", "Novák"),
    ("Thandiwe", "Dlamini"),
    ("Ruth", "Goldberg"),
    ("Rasmus", "Nieminen"),
    ("Camille", "Tremblay"),
    ("Ahmed", "Siddiqui"),
    ("Grace", "Kim"),
)


def name_of(number: int) -> str:
    """Return the display name of made-up person `number`, counted from 1.

    They have the names above, and after these mixtures of them.
    """
    turn, place = divmod(number - 1, len(NAMES))
    return f"{NAMES[place][0]} {NAMES[(place + turn) % len(NAMES)][1]}"
