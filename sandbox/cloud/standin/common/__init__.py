"""What the services of the stand-in share: requests and answers, and what is stored."""
