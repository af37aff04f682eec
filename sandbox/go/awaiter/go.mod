module sandbox/awaiter

go 1.26
