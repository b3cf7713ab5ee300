"""The admin's own classes with the types of their rows, which Django's have for a type checker alone.

Takes nothing; gives the bases that every page and every table inside a page inherits. Does nothing else.
"""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    AnyInline = admin.TabularInline[Any, Any]
    AnyUserAdmin = UserAdmin[Any]
    AnyForm = forms.ModelForm[Any]
    AnyInlineFormSet = forms.BaseInlineFormSet[Any, Any, Any]
else:
    AnyAdmin, AnyInline, AnyUserAdmin = admin.ModelAdmin, admin.TabularInline, UserAdmin
    AnyForm, AnyInlineFormSet = forms.ModelForm, forms.BaseInlineFormSet
