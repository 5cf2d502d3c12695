"""The ARM template language, whole and pure: text in, a plan of resources out; no I/O, no clock, no ids of its own.

    jsonc.parse     text -> JSON (comments, trailing commas, bare keys)
    syntax.check    every expression of a template parsed, every function known
    plan.expand     template + parameters + context -> Plan: resources, their order, their bodies, outputs
    whatif, export  what a deployment would change; rows back to a template

Lives here: lexer, parser, evaluator, functions/, parameters, declared (copy loops, names, scopes), graph (dependencies).
Never lives here: running a deployment (``control/deployments.py``), HTTP, or anything about single resource types.
"""
