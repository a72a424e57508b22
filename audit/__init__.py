"""What `make audit` looks at beside the code: vulnerabilities and licences of what we install."""
