"""Record what the audit finds of every framework that is installed."""

from dropout_lab.lab import frameworks

for name, seen in frameworks.record().items():
    print(f"{name} ({seen['version']}): {seen['message']}")
