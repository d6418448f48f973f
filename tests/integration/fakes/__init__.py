"""What stands for the cloud and the name service in tests."""
