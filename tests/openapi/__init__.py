"""The answers of Resource Manager judged by OpenAPI: Microsoft's published descriptions, and the cloud's own."""
